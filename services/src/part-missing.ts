/** A real part could not be had here. Tests report it as NOT RUN with this message; it is never a silent pass. */
export class PartMissing extends Error {
  override readonly name = 'PartMissing';
  constructor(part: string, because: string, options?: ErrorOptions) {
    super(`${part} could not be had: ${because}`, options);
  }
}

/**
 * For tests: the part, or the reason why there is none, for `context.skip(reason)`. With `CI=true` on linux-x64 every part that the package
 * registries hold must be there, so a missing one is an error.
 *
 * @throws PartMissing with `CI=true` on linux-x64, unless `optional` is set.
 */
export async function orNotRun<T>(
  start: () => Promise<T>,
  { optional = false } = {},
): Promise<{ part: T; because?: never } | { part?: never; because: string }> {
  try {
    return { part: await start() };
  } catch (error) {
    const expected = process.env['CI'] === 'true' && process.platform === 'linux' && process.arch === 'x64';
    if (!(error instanceof PartMissing) || (expected && !optional)) throw error;
    return { because: error.message };
  }
}
