/** A stream a command writes to. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** What a command sees of the world outside, so that tests can give it another one. */
export interface Terminal {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Colours only where a person looks: on a terminal, unless `NO_COLOR` says no; `FORCE_COLOR` says yes anywhere. */
export function wantsColour({ isTTY = false }: Output, env: Terminal['env']): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTTY && env['TERM'] !== 'dumb';
}
