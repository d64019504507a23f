import {
  isFilledInLater,
  isHelmTemplate,
  type Model,
  readerOfText,
  readKubernetesYaml,
  readPulumiYaml,
  type TextReader,
} from '@keyturn/resources';

/** The reader of a file, by its name and, for manifests, by its text. */
function readerOf(text: string, file: string): TextReader | undefined {
  if (/(?:^|\/)Pulumi\.ya?ml$/.test(file)) return /^resources\s*:/m.test(text) ? readPulumiYaml : undefined;
  return readerOfText(text, file);
}

const latest = new Map<string, { readonly text: string; readonly model: Model | undefined }>();

/** What a document describes. The answer for a text is kept until another text comes for the file: every rule asks. */
export function modelOf(text: string, file: string): Model | undefined {
  const known = latest.get(file);
  if (known?.text === text) return known.model;
  const reader = readerOf(text, file);
  const isLater = reader === readKubernetesYaml && isFilledInLater(text) && !isHelmTemplate(text);
  const model = isLater ? undefined : reader?.(text, { file });
  latest.clear();
  latest.set(file, { text, model });
  return model;
}

/** Where a document is no YAML. Files that only become YAML later are left alone. */
export function syntaxErrorIn(
  text: string,
  path: string,
): { readonly message: string; readonly line: number; readonly column: number } | undefined {
  const file = path.replaceAll('\\', '/');
  if (!/\.ya?ml$/.test(file) || isFilledInLater(text)) return undefined;
  const problem = modelOf(text, file)?.notAnalysed.find(({ because }) => because.startsWith('it is not valid YAML'));
  if (!problem?.place) return undefined;
  return {
    message: `${problem.because}.`,
    line: problem.place.line,
    column: problem.place.column ?? 1,
  };
}
