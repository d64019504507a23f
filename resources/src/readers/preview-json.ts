import type { Model, NotAnalysed, Resource } from '../resource.js';
import { fromResourceState, isObject, parseObject, PulumiStateError, unreadEntries } from './pulumi-state.js';

const command = 'pulumi preview --json --show-sames';

/**
 * What a stack would be after the deployment that `pulumi preview --json` describes.
 * @throws {PulumiStateError} It is not that command's output.
 */
export function fromPreviewJson(text: string): Model {
  const preview = parseObject(text, command);
  const { steps, changeSummary, diagnostics } = preview;
  if (steps !== undefined && !Array.isArray(steps))
    throw new PulumiStateError(`"steps" is no list. Give what \`${command}\` prints.`);
  if (steps === undefined && changeSummary === undefined && diagnostics === undefined) {
    throw new PulumiStateError(`There are no "steps" in this JSON. Give what \`${command}\` prints.`);
  }
  const resources = new Map<string, Resource>();
  const states: unknown[] = [];
  let unchanged = 0;
  for (const step of (steps ?? []) as readonly unknown[]) {
    if (!isObject(step)) {
      states.push(step);
      continue;
    }
    if (String(step['op']).startsWith('delete') || step['op'] === 'discard') continue;
    if (step['op'] === 'same') unchanged += 1;
    if (step['newState'] !== undefined && step['newState'] !== null) states.push(step['newState']);
    const resource = fromResourceState(step['newState']);
    if (resource !== undefined) resources.set(resource.urn, resource);
  }
  return {
    resources: [...resources.values()],
    notAnalysed: [...unreadEntries(states), ...leftOut(changeSummary, unchanged), ...failures(diagnostics)],
  };
}

function leftOut(summary: unknown, shown: number): readonly NotAnalysed[] {
  const same = isObject(summary) && typeof summary['same'] === 'number' ? summary['same'] : 0;
  if (same <= shown) return [];
  const count = same - shown;
  return [
    {
      what: count === 1 ? '1 unchanged resource' : `${count} unchanged resources`,
      because: `the preview leaves unchanged resources out; make it with \`${command}\``,
    },
  ];
}

/** A preview that failed describes only a part of the stack. The messages stay out: they may hold anything. */
function failures(diagnostics: unknown): readonly NotAnalysed[] {
  const errors = Array.isArray(diagnostics)
    ? diagnostics.filter((item: unknown) => isObject(item) && item['severity'] === 'error')
    : [];
  if (errors.length === 0) return [];
  return [
    {
      what: 'the rest of the stack',
      because: `the preview ended with ${errors.length === 1 ? 'an error' : `${errors.length} errors`}`,
    },
  ];
}
