/** Texts that a program can use where a bare sentinel cannot be. */

/** What stands for the sentinel in a shape. */
export const hole = 'SENTINEL';
/** The beginning that all sentinels of a run share, where a text must be short. */
export const shortHole = 'SHORT';
/** A private key, another one in every run. */
export const keyHole = 'PRIVATE_KEY';

const shapes: readonly (readonly [RegExp, string])[] = [
  [/invalid url|\burls?\b|\buri\b|\bendpoint\b|\bwebhook\b|\bscheme\b|\bprotocol\b/i, `https://${hole}.example.com/`],
  [/\be-?mail\b/i, `${hole}@example.com`],
  [/\bTLD\b|\bdomain\b|\bhost ?name\b|\bzone\b/i, `${hole}.example.com`],
  [/\bcidr\b|\bsubnet\b|\bip ranges?\b/i, '10.0.0.0/16'],
  [/\bip\b.{0,4}(?:address)?|\bip address/i, '10.0.0.4'],
  [/\barn\b/i, `arn:aws:iam::123456789012:role/${hole}`],
  [/\b[ug]uid\b|subscription id|tenant id/i, '00000000-0000-4000-8000-000000000001'],
  [/\baccount id\b/i, '123456789012'],
  [/private key|decoder routines|\bpem\b/i, keyHole],
  [/at most|too long|no more than|max(?:imum)? length|or less|or fewer/i, shortHole],
  [/too short|at least \d+ char|min(?:imum)? length/i, `Aa1!${hole}${hole}`],
  [/\bnumber\b|numeric|\bNaN\b|\binteger\b|\bport\b|\bcount\b|\breplicas?\b|\bsize\b|positive/i, '2'],
  [/\bboolean\b|true or false/i, 'true'],
  [/\bsemver\b|\bversion\b/i, '1.0.0'],
  [/\bdate\b/i, '2030-01-01'],
];

/** The form that a message asks for, or that a name promises (`vpcCidr`, `ADMIN_EMAIL`). */
export function shapeOf(text: string): string | undefined {
  const start = /(?:start|begin)s? with ['"`]?(?<start>[\w:/.-]{1,20})/i.exec(text)?.groups?.['start'];
  if (start !== undefined) return start + hole;
  const words = text.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/[_:-]/g, ' ');
  return shapes.find(([pattern]) => pattern.test(text) || pattern.test(words))?.[1];
}

/** The first of the values that a message lists: `one of dev, prod`, `"dev" | "prod"`. */
export function listedIn(message: string): string | undefined {
  const list =
    /(?:one of|allowed(?: values?)?(?: are)?|expected (?=['"`])|either|valid (?:values|options)(?: are)?)\W*(?<words>[\w-]+['"`]?(?:\s*(?:,|\||\bor\b|\band\b)\s*['"`]?[\w-]+['"`]?)+)/i.exec(
      message,
    );
  return list?.groups?.['words']?.split(/\W*(?:,|\||\bor\b|\band\b)\W*/)[0]?.replace(/['"`]/g, '');
}

const compared =
  /case\s+['"](?<label>[\w.-]+)['"]\s*:|===?\s*['"](?<operand>[\w.-]+)['"]|(?:^|[{,])\s*['"]?(?<key>[A-Za-z][\w-]*)['"]?\s*:\s*[{['"\d]/gm;
const stages = /^(?:dev|development|prod|production|stag(?:e|ing)|test|qa|small|medium|large)$/i;

/** Words that a program may compare a setting with: labels of `case`, operands of `===`, keys of its objects. Names of stages first. */
export function wordsIn(source: string): readonly string[] {
  const found = new Set<string>();
  for (const { groups } of source.matchAll(compared)) {
    const word = groups?.['label'] ?? groups?.['operand'] ?? groups?.['key'];
    if (word !== undefined) found.add(word);
  }
  return [...found].sort((a, b) => Number(stages.test(b)) - Number(stages.test(a)));
}
