import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { printable } from '@keyturn/findings';
import * as formats from '@keyturn/findings/formats';

import { codeOf } from '../config/config.js';
import { didYouMean } from '../did-you-mean.js';
import { UsageError } from '../errors.js';

const byName = {
  pretty: formats.formatPretty,
  json: formats.formatJson,
  sarif: formats.formatSarif,
  junit: formats.formatJunit,
  github: formats.formatGithub,
  markdown: formats.formatMarkdown,
} as const satisfies Record<string, formats.Format>;

export type FormatName = keyof typeof byName;
export const formatNames = Object.keys(byName) as FormatName[];

/** One report to write: a format, and a file or the standard output. */
export interface Destination {
  readonly format: FormatName;
  readonly file?: string;
}

/** The text of a report in a format. */
export function render(format: FormatName, ...args: Parameters<formats.Format>): string {
  return byName[format](...args);
}

/** Collects `--format` and `--output` in the order they are given. */
export class Destinations {
  readonly #list: { format: FormatName; file?: string }[] = [];
  #early: string | undefined;

  /** `pretty`, or `sarif=report.sarif`. */
  format(value: string): void {
    const [name = '', ...rest] = value.split('=');
    if (!isFormat(name)) {
      throw new UsageError(
        `There is no format "${printable(name)}".${didYouMean(name, formatNames)} There are ${formatNames.join(', ')}.`,
      );
    }
    const file = rest.length === 0 ? this.#early : rest.join('=');
    this.#early = undefined;
    if (file === '') throw new UsageError(`"--format ${name}=" names no file. Write --format ${name}=FILE.`);
    this.#list.push({ format: name, ...(file === undefined ? {} : { file }) });
  }

  /** The file of the format before it, or of the next one where there is none before it. */
  output(file: string): void {
    const last = this.#list.at(-1);
    if (last && last.file === undefined) last.file = file;
    else if (this.#early === undefined && !last) this.#early = file;
    else
      throw new UsageError(
        `"--output ${printable(file)}" belongs to no format. Write one --output after each --format.`,
      );
  }

  /** At most one machine-readable report can go to the standard output, and then nothing else. */
  all(): readonly Destination[] {
    const list: readonly Destination[] =
      this.#list.length > 0
        ? this.#list
        : [{ format: 'pretty', ...(this.#early === undefined ? {} : { file: this.#early }) }];
    const shown = list.filter(({ file }) => file === undefined).map(({ format }) => format);
    const alone = shown.find((format) => !together.includes(format));
    if (shown.length > 1 && alone !== undefined) {
      throw new UsageError(`${shown.join(' and ')} cannot share the standard output. Write --format ${alone}=FILE.`);
    }
    return list;
  }
}

/** Formats made of lines, which a reader can tell apart. */
const together: readonly string[] = ['pretty', 'github'];

function isFormat(name: string): name is FormatName {
  return Object.hasOwn(byName, name);
}

/** @throws UsageError where the file cannot be written. */
export function writeReport(file: string, cwd: string, text: string): void {
  const full = path.resolve(cwd, file);
  try {
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
  } catch (cause) {
    throw new UsageError(
      `The report ${printable(file)} cannot be written (${codeOf(cause)}). Name a file that can be.`,
      { cause },
    );
  }
}
