import { isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Model, Resource } from '../resource.js';
import { readShell } from './shell.js';

export interface WorkflowOptions {
  /** Path that places name. */
  readonly file: string;
}

const scripts: ReadonlySet<unknown> = new Set(['run', 'script', 'before_script', 'after_script']);

/**
 * The statements that scripts inside a workflow of GitHub Actions, or a pipeline of GitLab, run: what `readShell` finds in them, at
 * the lines of the workflow. A file that is no YAML is reported in `notAnalysed`.
 */
export function readWorkflow(source: string, { file }: WorkflowOptions): Model {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: false, logLevel: 'silent' });
  const error = document.errors[0];
  if (error) {
    const place = { file, line: Math.max(1, lines.linePos(error.pos[0]).line) };
    return { resources: [], notAnalysed: [{ what: file, because: `it is not valid YAML (${error.code})`, place }] };
  }
  const resources: Resource[] = [];
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || !scripts.has(pair.key.value)) return;
      visit(pair.value as Parameters<typeof visit>[0], {
        Scalar(_key, node) {
          if (typeof node.value !== 'string' || !node.range) return;
          const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
          const firstLine = lines.linePos(node.range[0]).line + (isBlock ? 1 : 0);
          for (const found of readShell(node.value, { file, firstLine }).resources) {
            resources.push({ ...found, urn: `${found.urn}#${resources.length + 1}` });
          }
        },
      });
      return visit.SKIP;
    },
  });
  return { resources, notAnalysed: [] };
}
