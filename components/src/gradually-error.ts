/** The candidate cannot be tried in this way; the message says why. */
export class GraduallyError extends Error {
  override readonly name = 'GraduallyError';
}
