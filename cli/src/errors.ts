/** Wrong usage or configuration: the run ends with exit code 2 and this one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
