import { presets, type Preset } from '@keyturn/findings';

/** A preset that does not exist. */
export class PresetError extends Error {
  override readonly name = 'PresetError';
}

/**
 * The preset that the environment asks for in `KEYTURN_PRESET`. Default: `recommended`.
 *
 * @throws PresetError when there is no preset of that name.
 */
export function presetIn(environment: Readonly<Record<string, string | undefined>>): Preset {
  const name = environment['KEYTURN_PRESET'] ?? 'recommended';
  const preset = presets.find((candidate) => candidate === name);
  if (preset === undefined) {
    throw new PresetError(`KEYTURN_PRESET is "${name}". Allowed values are: ${presets.join(', ')}.`);
  }
  return preset;
}
