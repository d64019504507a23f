import type { Model, NotAnalysed, Resource } from '../resource.js';
import { fromResourceState, isObject, parseObject, PulumiStateError, unreadEntries } from './pulumi-state.js';

const command = 'pulumi stack export';

/**
 * What a stack is now, from its exported state.
 * @throws {PulumiStateError} It is not that command's output, or its version is not 3 or 4.
 */
export function fromStackExport(text: string): Model {
  const file = parseObject(text, command);
  const { deployment, version } = file;
  if (!isObject(deployment))
    throw new PulumiStateError(`There is no "deployment" in this JSON. Give what \`${command}\` prints.`);
  if (version !== 3 && version !== 4) {
    throw new PulumiStateError(
      `The state has version ${String(version)}, and 3 and 4 can be read. Export it with a current Pulumi.`,
    );
  }
  const { resources, pending_operations: pending } = deployment;
  if (resources !== undefined && resources !== null && !Array.isArray(resources))
    throw new PulumiStateError(`"resources" is no list. Give what \`${command}\` prints.`);
  const entries: readonly unknown[] = resources ?? [];
  const found = entries.map(fromResourceState).filter((resource): resource is Resource => resource !== undefined);
  return { resources: found, notAnalysed: [...unreadEntries(entries), ...interrupted(pending)] };
}

function interrupted(pending: unknown): readonly NotAnalysed[] {
  if (!Array.isArray(pending) || pending.length === 0) return [];
  return [
    {
      what: pending.length === 1 ? '1 pending operation' : `${pending.length} pending operations`,
      because: 'a deployment was interrupted, so nobody knows whether they happened; run `pulumi refresh`',
    },
  ];
}
