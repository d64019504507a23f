import type { CredentialKind } from './names.js';
import { kindOf, wordsOf } from './names.js';

/** Formats that say themselves what they are. */
const formats: readonly RegExp[] = [
  /^gh[pousr]_[A-Za-z0-9]{36,}$/,
  /^github_pat_[A-Za-z0-9_]{50,}$/,
  /^glpat-[A-Za-z0-9_-]{20,}$/,
  /^xox[abeprs]-[A-Za-z0-9-]{20,}$/,
  /^(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}$/,
  /^whsec_[A-Za-z0-9+/=]{24,}$/,
  /^SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}$/,
  /^npm_[A-Za-z0-9]{36}$/,
  /^sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}$/,
  /^shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}$/,
  /^dop_v1_[a-f0-9]{64}$/,
  /^key-[a-f0-9]{32}$/,
  /^AIza[A-Za-z0-9_-]{35}$/,
  /^hvs\.[A-Za-z0-9_-]{24,}$/,
  /^pul-[a-f0-9]{40}$/,
  /^GOCSPX-[A-Za-z0-9_-]{24,}$/,
  /^\d{8,10}:AA[A-Za-z0-9_-]{33}$/,
  /^[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}$/,
];
const publicFormats =
  /^(?:pk[_.]|phc_|pk-|AIza|UA-|G-|GTM-|sb_publishable_|-----BEGIN (?:PUBLIC|CERTIFICATE|RSA PUBLIC))/;
const privateKey = /^-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\s*[A-Za-z0-9+/=\s:,-]{64,}/;

const beginnings =
  /['"`](?:-----BEGIN|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[sr]k_(?:live|test)_|whsec_|SG\.|npm_|sk-|shp(?:at|ca|pa|ss)_|dop_v1_|key-|hvs\.|pul-|GOCSPX-|\d{8,10}:AA|[MNO][A-Za-z0-9_-]{23,27}\.)/;

/** True for a text in which `hasKnownFormat` could be true of a literal. A cheap look before any work. */
export function mayHoldKnownFormat(text: string): boolean {
  return beginnings.test(text);
}

/** True for a literal whose format alone shows that it is a credential. */
export function hasKnownFormat(text: string): boolean {
  if (text.length < 20 || isMask(text)) return false;
  if (text.startsWith('-----BEGIN')) return privateKey.test(text.replaceAll('\\n', '\n'));
  if (text.startsWith('AIza') || text.length > 250) return false;
  return formats.some((each) => each.test(text)) && !isFiller(text);
}

/** `xxxxxxxx`, `123…`: characters that somebody typed to show where the key goes. */
function isFiller(text: string): boolean {
  return /(?:x{6,}|X{6,}|\.{3}|(.)\1{7,}|your|example|placeholder|redacted)/i.test(text);
}

const schemes =
  /^(?:jdbc:)?(postgres(?:ql)?|mysql2?|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|cockroachdb|nats|tls|clickhouse|couchdb|neo4j(?:\+s)?|bolt|ldaps?|s?ftps?|smtps?|mqtts?|https?|ws?s|ssh|prisma\+postgres|db2|oracle):\/\/([^\s/?#]*)@([^\s/?#@]*)/i;
const fillers =
  /^(?:pass(?:word)?|pwd|pw|secret|token|<.*>|\[.*\]|\{.*\}|\*+|x+|\.{2,}|your.*|.*_here|user_?pass(?:word)?|db_?pass(?:word)?|p4ss)$/i;
const fillerHosts =
  /^(?:host(?:name)?|your.*|<.*|\[.*|\{.*|server|domain|.*\.?example\.(?:com|org|net)|myhost|dbhost|db\.host|x+|\.+|addr(?:ess)?|cluster\.mongodb\.net|url|ip)$/i;

/** `password` when the URL carries one that could log in; `filler` for one that only shows the form. */
export function credentialInUrl(text: string): 'password' | 'filler' | undefined {
  if (text.length > 2000 || /\s/.test(text.trim())) return undefined;
  const found = schemes.exec(text.trim());
  if (!found) return undefined;
  const [, , account = '', place = ''] = found;
  const colon = account.indexOf(':');
  if (colon < 0) return undefined;
  const password = account.slice(colon + 1);
  const user = account.slice(0, colon);
  if (password === '' || (/[$%{}<>]\{?[A-Za-z_]*/.test(password) && /^[${%<]/.test(password))) return undefined;
  const host = place.split(':')[0] ?? '';
  if (isMask(password) || fillerHosts.test(host)) return 'filler';
  if (
    /^(?:<|\[|\{|your|x{3,}|\.{2,}|[A-Z_]*(?:TOKEN|PASSWORD|PASS|SECRET)$)/i.test(password) &&
    password === password.toUpperCase()
  )
    return 'filler';
  if (/^(?:<|\[|\{|your|x{3,}|\.{2,})/i.test(password)) return 'filler';
  if (user === password && /^(?:dummy|placeholder|fake|build|none|unused|noop|invalid|stub)$/.test(password))
    return 'filler';
  if (fillers.test(password) && (/^(?:user(?:name)?|<|your|login|u)/i.test(user) || place === '')) return 'filler';
  return 'password';
}

const reserved = new Set([
  '',
  'undefined',
  'null',
  'none',
  'true',
  'false',
  'string',
  'number',
  'boolean',
  'text',
  'hidden',
  'input',
  'required',
  'optional',
  'unknown',
  'invalid',
  'missing',
  'readonly',
  'n/a',
  'na',
  'any',
  'object',
  'include',
  'omit',
  'same-origin',
  'basic',
  'bearer',
  'oauth',
  'oauth2',
  'jwt',
  'apikey',
  'api_key',
  'api-key',
  'visible',
  'show',
  'hide',
  'off',
  'on',
  'auto',
  'new-password',
  'current-password',
  'yes',
  'no',
  'ok',
  'email',
  'username',
  'id',
  'name',
  'varchar',
  'char',
  'nvarchar',
  'uuid',
  'asc',
  'desc',
  'cookie',
  'header',
  'query',
  'body',
  'local',
  'session',
  'redacted',
  'masked',
  'filtered',
  'empty',
  'encrypted',
  'hashed',
  'error',
  'forbidden',
  'unauthorized',
  'expired',
  'placeholder',
  'disabled',
  'enabled',
  'self',
  'token',
  'not-needed',
  'not_needed',
  'not-set',
  'unset',
  'notset',
]);

/** Asterisks, dots, crosses and words such as `[REDACTED]`. */
export function isMask(text: string): boolean {
  return /^[*•●.xX#_\-\s?]+$/.test(text) || /redacted|masked|_mask|\*{3}|•{3}/i.test(text);
}

/** `<password>`, `${password}`, `{{ password }}`, `%s`, `$PASSWORD`: a hole that is filled elsewhere. */
function isHole(text: string): boolean {
  return (
    /^[<[{].*[>\]}]$/.test(text) ||
    /^@[a-z]+(?:\([^()]*\))?$/.test(text) ||
    /\$\{|\{\{|<%|^\$[A-Z_]+$|^%[sd]$|^__[A-Za-z_]+$|^\$\(|^\{[a-z_]+\}|^@@/.test(text) ||
    /^(?:ref|env|vault|op|arn|ssm|secret|file):/i.test(text)
  );
}

/** `no-password`, `pending_provisioning`, the UUID of nothing: there is none. */
function isSentinel(text: string): boolean {
  if (/0{15,}/.test(text) && !/^0+$/.test(text)) return true;
  return /^(?:pending[-_ ][a-z]+|no[-_ ](?:pass\w*|secret|token|key|auth\w*|user)|not[-_ ]a[-_ ].*|not[-_ ](?:used|required|needed|set|applicable|available|configured|provided|real)|0+(?:-0+)+)$|(?:^|_)DO_NOT_/i.test(
    text,
  );
}

/** `?string` and `string[]` are types, too. */
function typeNameIn(text: string): string {
  return text.toLowerCase().replace(/^\?|(?:\?|\[\])$/g, '');
}

/** `your_client_secret`, `changeme`: nobody issued this. */
export function isStandIn(text: string): boolean {
  return /^(?:your|my[-_ ]?(?:api|client|secret|token|key)|change[-_ ]?(?:me|it|this)|replace|insert|put|enter|add|todo|fake|dummy|mock|test|example|sample|placeholder|foo|bar|baz|some|no[-_]|not|default$|n\/a|secret$|token$|none|empty|xxx|sk-(?:x+|\.+|dummy|test|fake|your))|[-_ ](?:here|placeholder|example|goes here|dummy)$|[-_ ](?:un|not[-_ ]?)(?:configured|set|defined|available|provided)$|x{4,}|\.\.\.|dummy|fake|^[0-]+$|(.)\1{7,}|^(?:[a-z]{2,6}[-_])?0?12345678/i.test(
    text,
  );
}

/** `sk-proj-`, `sk_nothing`: it begins like a key and goes on like a word. */
function isBareBeginning(text: string): boolean {
  return /^(?:sk|rk|ghp|glpat|xox[bp])[-_](?:[a-z]{1,12}[-_]?){0,3}$/i.test(text);
}

/** `$2b$10$…`, `{SSHA}…`: what is kept of a password, and no password. */
function isHash(text: string): boolean {
  return /^\$(?:2[abxy]?|argon2(?:id|i|d)|pbkdf2|scrypt|1|5|6|apr1)\$|^\{(?:SSHA|SHA|MD5|CRYPT|BCRYPT|noop)[0-9-]*\}|^(?:pbkdf2|argon2|sha\d+|bcrypt|scrypt|SCRAM)[:$-]/i.test(
    text,
  );
}

/** SHA-256 and SHA-512 in hexadecimal, where no library takes it for a password. */
function isDigest(text: string): boolean {
  return /^(?:[0-9a-f]{64}|[0-9a-f]{128})$/.test(text);
}

function isPathOrAddress(text: string): boolean {
  return (
    isReference(text) ||
    /^(?:\.{0,2}\/|~\/|[a-z][a-z0-9+.-]*:\/\/|[A-Za-z]:\\)/.test(text) ||
    (/^[\w-]+(?:\/[\w.-]+)+$/.test(text) && !/\d/.test(text)) ||
    /\.(?:js|ts|json|pem|key|crt|txt|env|ya?ml|html|tsx?|vue|svg|png)$/i.test(text)
  );
}

/** `kubernetes:core/v1:Secret`, `urn:…`, `System.Security.SecureString`: the name of a thing, in several parts. */
function isReference(text: string): boolean {
  return (
    /^urn:/i.test(text) ||
    /^[a-z]+(?:\.[a-z][a-z-]*){2,}$/.test(text) ||
    /^[a-z][\w-]*(?::[\w./-]*)?:[A-Z][A-Za-z]+$/.test(text) ||
    /^[A-Za-z]\w*(?:[./][A-Za-z]\w*)+[./][A-Z][A-Za-z]+$/.test(text)
  );
}

/** `DB_PASSWORD`; `UPDATE_THIS_SECRET` speaks to somebody, as no name of a variable does. */
function isEnvironmentName(text: string): boolean {
  if (!/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(text)) return false;
  const words = wordsOf(text);
  return words.some((each) => /^[a-z]{3,}$/.test(each)) && !words.some((each) => /^(?:this|it|please)$/.test(each));
}

/** A sentence, or the label of a field. */
export function isProse(text: string): boolean {
  const words = text.trim().split(/\s+/);
  if (words.length === 1) return /[^\x20-\x7e]/.test(text) && /\p{L}/u.test(text.replace(/[\x20-\x7e]/g, ''));
  if (words.length > 6) return true;
  if (/[.!?:…]$/.test(text) && words.length > 2) return true;
  if (/^\p{Lu}\p{Ll}+ /u.test(text)) return true;
  return (
    words.some((each) =>
      /^(?:the|is|are|a|an|your|must|please|just|empty|not|and|or|of|for|to|with|in|has|have|do|does|no|be|was|cannot|can't|required|invalid|enter|password|passwords|token|key)$/i.test(
        each,
      ),
    ) || /[^\x20-\x7e]/.test(text)
  );
}

/** A regular expression, the path of a route, or a selector: `\\d{4}`, `reset/:token`, `input[name="token"]`. */
function isPattern(text: string): boolean {
  return /\\[dwsbDWSB]|\[[^\]]*-[^\]]*\]|\[[a-z-]+[*^$~|]?=|\/:[a-z]/.test(text);
}

/** True where letters and digits are mixed as in something that a machine handed out. */
export function looksIssued(text: string): boolean {
  if (text.length < 8 || /\s/.test(text) || isStandIn(text) || publicFormats.test(text) || isPattern(text))
    return false;
  if (/^[a-z]+(?:[-_.:][a-z]+)*[-_.:]?v?\d{0,2}$/i.test(text))
    return /^[A-Za-z]{20,}$/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text) && changesOfCase(text) >= 6;
  if (isAddress(text)) return false;
  const digits = text.replace(/\D/g, '').length;
  if (digits === 1 && text.length >= 20) return changesOfCase(text) >= 3;
  return (digits >= 2 && /[A-Za-z]/.test(text)) || digits >= 16;
}

/** `0x…` of twenty bytes is where a contract or an account is found, and `#field-2` an element of a page. */
function isAddress(text: string): boolean {
  return /^0x[0-9a-f]{40}$/i.test(text) || /^[#.][a-z][\w-]*$/i.test(text);
}

function changesOfCase(text: string): number {
  let changes = 0;
  for (let index = 1; index < text.length; index++) {
    if (/[a-z]/.test(text[index - 1] ?? '') && /[A-Z]/.test(text[index] ?? '')) changes++;
  }
  return changes;
}

/** Words that stand for nothing elsewhere, and that a program signs with when nothing else is given. */
const takenAsSecret = new Set(['undefined', 'null', 'string', 'text', 'token', 'jwt', 'local', 'required']);

/** How sure the place is that a credential goes there. `sink`: a library takes it as one. `fallback`: it stands in for a configured one. `beside`: an account or an address stands beside it. `named`: the name alone says so. */
export type Certainty = 'sink' | 'fallback' | 'beside' | 'named';

/** True when a literal in that place can be the credential itself, and not a name, a label, a hole, a hash or a mask. */
export function isCredential(text: string, name: string, kind: CredentialKind, certainty: Certainty): boolean {
  const bare = text.trim();
  if (bare.length < (certainty === 'sink' ? 1 : 3) || bare.length > 4096) return false;
  if (isMask(bare) || isHole(bare) || isHash(bare) || publicFormats.test(bare)) return false;
  if (certainty === 'sink')
    return (
      (!isEnvironmentName(bare) || kind === 'secret' || /\d/.test(bare)) &&
      !/placeholder|public/i.test(bare) &&
      (kind !== 'issued' || looksIssued(bare))
    );
  const isTaken = kind === 'secret' && certainty === 'fallback' && takenAsSecret.has(bare.toLowerCase());
  if (isSentinel(bare)) return false;
  if ((reserved.has(typeNameIn(bare)) && !isTaken) || isPathOrAddress(bare) || isPattern(bare)) return false;
  const isMadeUp =
    kind === 'secret' && certainty === 'fallback' && /^(?:SAMPLE|DEFAULT|MY|SUPER|DEV|LOCAL|SOME)_/.test(bare);
  if (isEnvironmentName(bare) && !isMadeUp) return false;
  const isSameAsName = isEcho(bare, name);
  if (certainty === 'fallback') return isFallback(bare, name, kind, isSameAsName);
  // `group6529` alone is a word with a number; beside the name of a client it is what that client was given.
  if (kind === 'issued')
    return looksIssued(bare) && !isSameAsName && (certainty === 'beside' || !/^[a-z]+[-_]?\d{1,4}$/i.test(bare));
  if (kind === 'password' && isDigest(bare)) return false;
  if (isListOfNames(bare, name)) return false;
  if (/\s/.test(bare) && (kind === 'password' || isProse(bare)) && !/^[-\W].*[-\W]$/.test(bare)) return false;
  if (isProse(bare) && !/\s/.test(bare)) return false;
  if (isCommonWord(bare) && isOwned(name)) return true;
  if (certainty === 'beside') return !isSameAsName || (kind === 'password' && /^[a-z]/.test(bare));
  if (isSameAsName) return false;
  return isNamedCredential(bare, kind);
}

/** `'gist-secret': 'icon icon-gist-secret'`: names in a row, one of which is the key. */
function isListOfNames(text: string, name: string): boolean {
  const names = text.split(/\s+/);
  return names.length > 1 && name.length > 5 && names.some((each) => squeeze(each).endsWith(squeeze(name)));
}

/** What people type when they have to type something. */
function isCommonWord(text: string): boolean {
  return /^(?:password|passw0rd|secret|admin|root|demo|guest|postgres|letmein|changeme|(?:admin|root|demo|dev)[-_]?pass)$/.test(
    text,
  );
}

/** `DEMO_USER_PASSWORD` says whose it is, as no name of a field does. */
function isOwned(name: string): boolean {
  const words = wordsOf(name);
  return (
    words.length > 1 &&
    words
      .slice(0, -1)
      .some((each) =>
        /^(?:admin|root|demo|dev|seed|jwt|session|cookie|initial|bootstrap|default|superuser|guest|db|database|postgres|mysql|smtp)$/.test(
          each,
        ),
      )
  );
}

function isFallback(text: string, name: string, kind: CredentialKind, isSameAsName: boolean): boolean {
  if (kind === 'issued')
    return (
      text.length >= 8 &&
      !isStandIn(text) &&
      !isBareBeginning(text) &&
      !/\s/.test(text) &&
      !isSameAsName &&
      (!/^[a-z]+(?:[-_.][a-z]+)+$/.test(text) || /secret|token|key|pass/.test(text))
    );
  if (kind === 'password') return !/\s/.test(text) && !/^your/i.test(text);
  return !isProse(text) || /^[-\W]/.test(text);
}

function isNamedCredential(text: string, kind: CredentialKind): boolean {
  if (/\d/.test(text) && !/^[a-z]+[-_.]v?\d$/i.test(text))
    return !/^\d{1,3}$/.test(text) && !/^[\d.]+(?:px|em|rem|ms|s|%)$/.test(text);
  // `password`, `user_password`, `auth.password`: a field that is named after what it holds.
  const isNamed = kindOf(text) !== undefined || kindOf(text.replace(/s$/, '')) !== undefined;
  if (isNamed && /^[A-Za-z]+(?:[_.:/-][A-Za-z]+)*$/.test(text))
    return kind === 'secret' && /[-_ ]/.test(text) && (wordsOf(text).length > 2 || praised.test(text));
  if (/^\p{Lu}\p{Ll}+$/u.test(text)) return false;
  return true;
}

/** `super-secret`: nobody calls a field so. */
const praised = /^(?:super|my|top|very|really|extra|dev|local)[-_ ]/i;

/** `'cloudinary_key'` in the place of `CLOUDINARY_KEY`. */
export function isEcho(text: string, name: string): boolean {
  return squeeze(text) === squeeze(name);
}

function squeeze(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}
