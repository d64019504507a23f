import { existsSync, readFileSync } from 'node:fs';
import {
  readCompose,
  readEnvFile,
  readKubernetesYaml,
  readPulumiYaml,
  readShell,
  readWorkflow,
  type Model,
} from '@keyturn/resources';

/** A code block of a rule's page. */
export interface Sample {
  readonly heading: 'Incorrect' | 'Correct';
  readonly language: string;
  readonly code: string;
}

const folder = new URL('../../docs/rules/', import.meta.url);

/** The samples of a rule's page, in order; none when there is no page. */
export function samplesOf(id: string): readonly Sample[] {
  const file = new URL(`${id}.md`, folder);
  if (!existsSync(file)) return [];
  const samples: Sample[] = [];
  let heading = '';
  for (const match of readFileSync(file, 'utf8').matchAll(/^## (.+)$|^```(\w+)\n([\s\S]*?)^```$/gm)) {
    const [, title, language, code] = match;
    if (title !== undefined) heading = title;
    else if (language !== undefined && code !== undefined && (heading === 'Incorrect' || heading === 'Correct')) {
      samples.push({ heading, language, code });
    }
  }
  return samples;
}

/** Languages of samples that a policy can be asked about. */
export const evaluated: ReadonlySet<string> = new Set(['yaml', 'dotenv', 'sh']);

/** The model of a sample in one of the languages that are evaluated. */
export function modelOfSample({ language, code }: Pick<Sample, 'language' | 'code'>): Model {
  if (language === 'dotenv') return readEnvFile(code, { file: '.env' });
  return language === 'sh' ? readShell(code, { file: 'rotate.sh' }) : modelOfYaml(code);
}

/** A YAML sample is a Pulumi program, a compose file or a workflow by its first key, and manifests otherwise. */
export function modelOfYaml(code: string): Model {
  const file = 'sample.yaml';
  if (/^resources:/m.test(code)) return readPulumiYaml(code, { file });
  if (/^services:/m.test(code)) return readCompose(code, { file });
  return /^jobs:/m.test(code) ? readWorkflow(code, { file }) : readKubernetesYaml(code, { file });
}
