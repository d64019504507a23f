/** A setting of a host is missing, or does not say what it should. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
