import path from 'node:path';

/** What a source loads, as far as its text shows. */
export interface Loads {
  /** The modules that it names; one that ends in `*` may be anything that begins like it. */
  readonly modules: readonly string[];
  /** It loads what cannot be told from its text. */
  readonly loadsUnknown: boolean;
}
/** A source, and what it loads. */
export interface LoadingFile extends Loads {
  readonly file: string;
}

const loading =
  /(?<![.\w$])(?:from|import|require(?:\.resolve)?)\s{0,9}\(?\s{0,9}(?:\/\*[^*]{0,99}\*\/\s{0,9})?(?:(["'])([^"'\n]{1,300})\1(\s{0,9}\+)?|`([^`\n]{1,300})`)/g;
const computed =
  /(?<![.\w$])(?:import|require(?:\.resolve)?)\((?!\s{0,9}(?:\/\*[^*]{0,99}\*\/\s{0,9})?["'`)])\s{0,9}((?:path\.)?(?:join|resolve)\([^()]{0,300}\)|__dirname\s{0,9}\+[^()]{0,300})?/g;
/** MikroORM without a configuration looks for that of its command line. */
const discovering = /\b(?:MikroORM\.init(?:Sync)?|MikroOrmModule\.forRoot)\s{0,9}\(\s{0,9}\)/;

/** Finds what a source loads. */
export function loadsOf(text: string): Loads {
  const modules = new Set<string>();
  for (const [, , quoted, plus, template] of text.matchAll(loading)) modules.add(moduleOf(quoted, plus, template));
  for (const [, parts] of text.matchAll(computed)) modules.add(endOf(parts, text));
  return { modules: [...modules], loadsUnknown: modules.has('*') || discovering.test(text) };
}

/** `'./tasks/' + name` may be anything in that folder, and so may a template that begins like it. */
function moduleOf(quoted = '', plus: string | undefined, template: string | undefined): string {
  if (template === undefined) return plus === undefined ? quoted : `${quoted}*`;
  const at = template.indexOf('${');
  return at === -1 ? template : `${template.slice(0, at)}*`;
}

/** `join(folder, 'config.js')` is a file of that name in some folder, also where a constant of this source holds the name. */
function endOf(parts = '', text: string): string {
  const [, quoted, constant] = /(?:["']([^"'\n]+)["']|([A-Z][A-Z\d_]+))[\s,]*\)?$/.exec(parts) ?? [];
  const name = quoted ?? (constant === undefined ? undefined : valueIn(text, constant));
  return name === undefined || /^\.{0,2}$/.test(path.basename(name)) ? '*' : `~/${path.basename(name)}`;
}

/** The text of a constant, where it is given one text and nothing else. */
function valueIn(text: string, constant: string): string | undefined {
  const given = [
    ...text.matchAll(
      new RegExp(
        String.raw`\b${constant}\b[^=;,()\n]{0,40}=(?![=>])\s{0,9}(["'])([^"'\n]+)\1|\b${constant}\b[^=;,()\n]{0,40}=(?![=>])`,
        'g',
      ),
    ),
  ];
  return given.length === 1 ? given[0]?.[2] : undefined;
}
