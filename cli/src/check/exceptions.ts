import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readDirectives, type ConfiguredException, type Directive } from '@keyturn/findings/exceptions';
import picomatch from 'picomatch';

import type { LoadedConfig } from '../config/config.js';

/** Comments that cover findings, in the files that were read. */
export function directivesIn(files: ReadonlySet<string>, cwd: string): Directive[] {
  return [...files].sort().flatMap((file) => {
    try {
      return readDirectives(file, readFileSync(path.resolve(cwd, file), 'utf8'));
    } catch {
      // It was there a moment ago; what was found in it stays uncovered.
      return [];
    }
  });
}

/** The exceptions of the configuration. Their globs start at its folder. */
export function configuredExceptions(
  loaded: LoadedConfig | undefined,
  shown: (file: string) => string,
  cwd: string,
): ConfiguredException[] {
  if (!loaded) return [];
  const root = path.dirname(loaded.file);
  return (loaded.config.exceptions ?? []).map(({ rule, reason, until, path: glob, urn }, index) => {
    const isPath = glob === undefined ? () => true : picomatch(glob, { dot: true });
    const isUrn = urn === undefined ? () => true : picomatch(urn.replaceAll('/', '\u0001'), { dot: true });
    return {
      rule,
      reason,
      ...(until === undefined ? {} : { until }),
      place: { file: shown(loaded.file), line: loaded.lineOfException(index) },
      subject: JSON.stringify([glob, urn]),
      covers: (finding) =>
        isPath(path.relative(root, path.resolve(cwd, finding.place.file)).split(path.sep).join('/')) &&
        // Types in a URN hold slashes; a star shall match across them.
        (urn === undefined || (finding.urn !== undefined && isUrn(finding.urn.replaceAll('/', '\u0001')))),
    };
  });
}
