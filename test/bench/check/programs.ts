import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { recordProgram, type Recording } from '@keyturn/recorder';

import { installFor } from './install.js';

export const ownCorpus = path.join(import.meta.dirname, '..', '..', 'corpus');

export interface ProgramTimes {
  /** The folder of its `Pulumi.yaml`, from the corpus. */
  readonly path: string;
  /** With warm caches and nothing beside it. */
  readonly ms: number;
  readonly ended: Recording['ended'];
  /** Why it did not run to the end, or what was made up so that it did. */
  readonly reason: string | null;
  /** Custom resources, and how many of them have a file and a line. */
  readonly resources: number;
  readonly withLine: number;
}

export interface ProgramOptions {
  /** Install what the programs name. Without it they have what is there. */
  readonly install: boolean;
  readonly say: (text: string) => void;
}

/** Records every TypeScript program below a folder, one after the other, so that each has the machine to itself. */
export async function measurePrograms(corpus: string, { install, say }: ProgramOptions): Promise<ProgramTimes[]> {
  const programs = programsBelow(corpus);
  const installed = install ? await installFor(corpus, programs, say) : undefined;
  try {
    const measured: ProgramTimes[] = [];
    for (const program of programs) {
      const entry = await measure(corpus, program, installed?.missing.get(program));
      measured.push(entry);
      say(`${program}: ${entry.ended}, ${entry.ms} ms${entry.reason === null ? '' : `, ${entry.reason}`}`);
    }
    return measured;
  } finally {
    installed?.unlink();
  }
}

async function measure(corpus: string, program: string, missing: string | undefined): Promise<ProgramTimes> {
  const directory = path.join(corpus, program);
  const cold = await recordProgram({ directory });
  const warm = cold.ended === 'complete' ? await recordProgram({ directory }) : cold;
  const custom = warm.resources.filter((resource) => resource.custom);
  const madeUp = warm.notAnalysed.filter(({ extent }) => extent === 'whole').map(({ what }) => what);
  const reason =
    warm.ended !== 'complete'
      ? [warm.reason, missing].filter((part) => part !== undefined)
      : madeUp.length > 0
        ? [`with stand-ins for ${madeUp.join(', ')}`]
        : [];
  return {
    path: program,
    ms: Math.min(cold.ms, warm.ms),
    ended: warm.ended,
    reason: reason.length === 0 ? null : reason.join(' '),
    resources: custom.length,
    withLine: custom.filter(({ place }) => place !== undefined).length,
  };
}

/** Folders with a `Pulumi.yaml` of the runtime `nodejs`, in order. */
function programsBelow(corpus: string, inside = ''): string[] {
  const entries = readdirSync(path.join(corpus, inside), { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(inside, entry.name);
      if (entry.isDirectory()) return /^(?:node_modules|\.git)$/.test(entry.name) ? [] : programsBelow(corpus, file);
      return /^Pulumi\.ya?ml$/.test(entry.name) && isNode(path.join(corpus, file)) ? [inside || '.'] : [];
    });
}

function isNode(file: string): boolean {
  return /^runtime:\s*(?:nodejs|\n\s+name:\s*nodejs|\{\s*name:\s*nodejs)/m.test(readFileSync(file, 'utf8'));
}
