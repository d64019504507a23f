import type { Settings } from './messages.cjs';

const variable = 'KEYTURN_RECORDER';

function isSettings(data: unknown): data is Settings {
  return typeof data === 'object' && data !== null && 'monitor' in data && 'prefix' in data;
}

function read(): Settings {
  const data: unknown = JSON.parse(process.env[variable] ?? 'null');
  if (!isSettings(data)) throw new Error(`${variable} is not set: this file is only loaded by the recorder.`);
  delete process.env[variable];
  return data;
}

export const settings: Settings = read();
