import type { File, Language, LanguageOptions, OkParseResult } from '@eslint/core';
import { type DocumentRoot, DocumentSource } from './document.js';
import { syntaxErrorIn } from './model-of.js';

/** `keyturn/document`: for files that our policies read and that have no language of their own in the configuration. */
export const documentLanguage: Language<{
  LangOptions: LanguageOptions;
  Code: DocumentSource;
  RootNode: DocumentRoot;
  Node: DocumentRoot;
}> = {
  fileType: 'text',
  lineStart: 1,
  columnStart: 0,
  nodeTypeKey: 'type',
  visitorKeys: { Document: [] },
  validateLanguageOptions(): void {
    // There is none.
  },
  parse(file: File) {
    const text = bodyOf(file);
    const error = syntaxErrorIn(text, file.path);
    if (error) return { ok: false, errors: [{ ...error, column: error.column - 1 }] };
    const lines = text.split(/\r?\n/);
    const end = { line: lines.length, column: lines.at(-1)?.length ?? 0 };
    return {
      ok: true,
      ast: { type: 'Document', range: [0, text.length], loc: { start: { line: 1, column: 0 }, end } },
    };
  },
  createSourceCode(file: File, { ast }: OkParseResult<DocumentRoot>) {
    return new DocumentSource({ text: bodyOf(file), ast });
  },
};

function bodyOf({ body }: File): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body);
}
