interface OfFile {
  readonly ast: object;
}

/**
 * Looks something up once while a file is linted, for all rules: they run over one file after the other, so the latest is enough.
 * A `WeakMap` costs more than most of what is looked up, for a file that no rule has anything to say about.
 */
export function oncePerFile<Of extends OfFile, Found>(look: (source: Of) => Found): (source: Of) => Found {
  let latest: { readonly ast: object; readonly found: Found } | undefined;
  return (source) => {
    const { ast } = source;
    if (latest?.ast === ast) return latest.found;
    const found = look(source);
    latest = { ast, found };
    return found;
  };
}
