/**
 * Names under which a credential stands in places that have no schema: environment variables and the entries of a Secret.
 * The end of the name decides, so that `SECRETS_DIR`, `PASSWORD_FILE` or `TOKEN_URL` are not meant.
 */
const credentialName =
  /(^|[_.-])(pass|passwd|password|passphrase|pwd|secret|secret[_-]?key|secret[_-]?access[_-]?key|access[_-]?token|auth[_-]?token|api[_-]?key|apikey|token|private[_-]?key|client[_-]?secret|connection[_-]?string|dsn)$/i;

/** Names whose values a bundler writes into what browsers load. */
const shipped = /^(next_public|nuxt_public|expo_public|public|vite|react_app|vue_app|gatsby)_.*(key|token|dsn)$/i;

/** Names of the same ending that hold something else: whole words of them, because REDIS_PASSWORD ends in `is_password` too. */
const lookalikes =
  /(^|[_.-])(public[_-]?key|cluster[_-]?token|discovery[_-]?token|key[_-]?id|use[_-]?(password|secret|token)|(allow|require|enable|disable|random|empty|no|skip|has|is)[A-Za-z_-]*(password|pass|secret|token)|min[_-]?pass|max[_-]?token|(image|docker|registry)[_-]?pull[_-]?secret|csrf[_-]?token[_-]?name)$/i;

/** `dbPassword`, `DB_PASSWORD`, `db-password`, `POSTGRESPASSWORD` are credentials; `DB_PASSWORD_FILE` is not. */
export function isCredentialName(name: string): boolean {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  if (lookalikes.test(spaced) || shipped.test(name)) return false;
  return credentialName.test(spaced) || /(password|passwd|storage[_-]?account[_-]?key)$/i.test(spaced);
}

/** Of names without a schema behind them: `adminPassword` is one, `existingPassword`, `randomPassword` and `usePassword` are not. */
export function isPasswordName(name: string): boolean {
  return (
    /(password|passwd|passphrase)(_?wo)?$/i.test(name) && !/existing|secret|random|use|enable|forgot|reset/i.test(name)
  );
}

/** A URL that holds a user and a password: `postgres://app:…@db/app`. */
const urlWithPassword = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/i;

/** `postgres://user:password@host:port/app` shows what to write: no port is a word. */
const namesItsPort = /@[^\s/:@]*:[a-z]+(\/|$)/i;

/** Prefixes that only issued keys have. */
const issued =
  /^(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,}|glpat-[A-Za-z0-9_-]{20,}|hvs\.[A-Za-z0-9_-]{20,})|^-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Whether a text begins as only keys do that somebody issued: no example and no word looks like that. */
export function isIssuedKey(text: string): boolean {
  return issued.test(text.trim());
}

/** Whether a text is a credential whatever it is called. */
export function isCredentialText(text: string): boolean {
  const password = urlWithPassword.exec(text.replace(/\$\{[^{}]*\}/g, '${_}'))?.[1];
  return (password !== undefined && !isPlaceholder(password) && !namesItsPort.test(text)) || isIssuedKey(text);
}

/** Whether a text stands for a value that is filled in later: `${DB_PASSWORD}`, `{{ .Values.password }}`, `<password>`, `$(PASSWORD)`. */
export function isPlaceholder(text: string): boolean {
  const trimmed = text.trim();
  return (
    trimmed === '' ||
    /^<[^<>]*>$/.test(trimmed) ||
    /^\*+$/.test(trimmed) ||
    /^(insert|your|replace)[_-]|^change[\s_-]this\b|(^|\.)x{4,}$/i.test(trimmed) ||
    /^\{[\w.]+(\[[^\]]*\])?\}$/.test(trimmed) ||
    /\$\{[^}]*\}|\{\{[\s\S]*?\}\}|\$\([A-Za-z_][^()]*\)|^\$[A-Za-z_]\w*$|^%[A-Za-z_]\w*%$|^__\w+__$|^\[secret\]$/.test(
      trimmed,
    )
  );
}

/** Whether a text points at a secret instead of being one. */
export function isReference(text: string): boolean {
  return /^(arn:|vault:|ref\+|op:\/\/|awssm:|secretref:|projects\/[^/]+\/secrets\/|@Microsoft\.KeyVault\(|https?:\/\/[^\s:@/]+(\/|$)|\/|file:|\.\.?\/|AQICA|ENC\[)/i.test(
    text.trim(),
  );
}
