import type { LanguageOptions, SourceLocation } from '@eslint/core';
import { ConfigCommentParser, Directive, TextSourceCodeBase, VisitNodeStep } from '@eslint/plugin-kit';

/** The one node of a document: what is in it is read by the readers of `@keyturn/resources`. */
export interface DocumentRoot {
  readonly type: 'Document';
  readonly range: [number, number];
  readonly loc: SourceLocation;
}

/** A comment that begins with `#`, or with `--` in SQL. */
interface Comment {
  readonly loc: SourceLocation;
  readonly range: [number, number];
}

const comments = new ConfigCommentParser();
const directive = /^\s*(?:#|--)\s*(eslint-(?:disable|enable)(?:-next-line|-line)?)\b/;

/** YAML, `.env` files and scripts as ESLint sees them: a text with one node, and comments that switch rules off. */
export class DocumentSource extends TextSourceCodeBase<{
  LangOptions: LanguageOptions;
  RootNode: DocumentRoot;
  SyntaxElementWithLoc: DocumentRoot | Comment;
  ConfigNode: Comment;
}> {
  readonly visitorKeys: Record<string, string[]> = { Document: [] };

  /** `# eslint-disable-next-line keyturn/<rule> -- reason` and its sisters, on lines of their own. */
  getDisableDirectives(): { directives: Directive[]; problems: [] } {
    if (!this.text.includes('eslint-')) return { directives: [], problems: [] };
    const directives: Directive[] = [];
    let offset = 0;
    for (const [index, line] of this.lines.entries()) {
      const comment = directive.test(line) ? comments.parseDirective(line.replace(/^\s*(?:#|--)\s*/, '')) : undefined;
      const type = comment && typeOf(comment.label);
      if (comment && type) {
        const node: Comment = {
          loc: { start: { line: index + 1, column: 0 }, end: { line: index + 1, column: line.length } },
          range: [offset, offset + line.length],
        };
        directives.push(new Directive({ type, node, value: comment.value, justification: comment.justification }));
      }
      offset = this.text.indexOf('\n', offset + line.length) + 1 || this.text.length;
    }
    return { directives, problems: [] };
  }

  override *traverse(): Generator<VisitNodeStep> {
    yield new VisitNodeStep({ target: this.ast, phase: 1, args: [this.ast, undefined] });
    yield new VisitNodeStep({ target: this.ast, phase: 2, args: [this.ast, undefined] });
  }
}

function typeOf(label: string): 'disable' | 'enable' | 'disable-next-line' | 'disable-line' | undefined {
  switch (label) {
    case 'eslint-disable':
      return 'disable';
    case 'eslint-enable':
      return 'enable';
    case 'eslint-disable-next-line':
      return 'disable-next-line';
    case 'eslint-disable-line':
      return 'disable-line';
    default:
      return undefined;
  }
}
