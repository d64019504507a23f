import { existsSync, readFileSync } from 'node:fs';
import { readKubernetesYaml, readPulumiYaml, type Model } from '@keyturn/resources';

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

/** A YAML sample is a Pulumi program when it declares `resources`, and manifests otherwise. */
export function modelOfYaml(code: string): Model {
  const file = 'sample.yaml';
  return /^resources:/m.test(code) ? readPulumiYaml(code, { file }) : readKubernetesYaml(code, { file });
}
