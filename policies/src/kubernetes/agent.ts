import { at, text, type Resource, type Value } from '@keyturn/resources';
import { truthOf } from '../truth.js';
import { formatPath } from '../paths.js';
import { podTemplateOf } from './workload.js';

const prefix = 'vault.hashicorp.com/';

/** What the agent of Vault does for the pods of a workload. */
export type Agent =
  | { readonly is: 'no' }
  | { readonly is: 'unknown'; readonly property: string }
  | {
      readonly is: 'yes';
      /** It renders the secrets before the containers start, and ends. */
      readonly once: boolean;
      readonly interval: Value;
      readonly property: string;
      /** Whether a path is under a database engine, where credentials change by themselves. */
      readonly changes: boolean;
    };

/** Reads the annotations of the pods by which the injector adds the agent. */
export function agentOf(workload: Resource): Agent {
  const template = podTemplateOf(workload);
  const path = [...template.specPath.slice(0, -1), 'metadata', 'annotations'];
  const annotations = at(template.metadata, 'annotations');
  if (isHidden(annotations)) return { is: 'unknown', property: formatPath(path) };
  const annotation = (name: string) => at(annotations, `${prefix}${name}`);
  const injected = truthOf(annotation('agent-inject'));
  if (annotations.kind !== 'object' || injected === 'absent' || injected === 'off') return { is: 'no' };
  const secrets = [...annotations.fields].filter(([key]) => key.startsWith(`${prefix}agent-inject-secret-`));
  const [first] = secrets;
  if (!first) return { is: 'no' };
  const property = formatPath([...path, first[0]]);
  const once = truthOf(annotation('agent-pre-populate-only'));
  if (injected === 'unknown' || once === 'unknown' || secrets.some(([, value]) => isHidden(value)))
    return { is: 'unknown', property };
  return {
    is: 'yes',
    once: once === 'on',
    interval: annotation('template-static-secret-render-interval'),
    property,
    changes: secrets.some(([, value]) => /(^|\/)(static-)?creds\//.test(text(value) ?? '')),
  };
}

function isHidden(value: Value): boolean {
  return value.kind === 'unknown' && value.provenance.kind === 'unknown';
}
