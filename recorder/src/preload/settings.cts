import { isMainThread } from 'node:worker_threads';

import type { Settings } from './messages.cjs';

const variable = 'KEYTURN_RECORDER';

function isSettings(data: unknown): data is Settings {
  return typeof data === 'object' && data !== null && 'monitor' in data && 'prefix' in data;
}

/** Worker threads load this file as well, Node's own loader thread among them: they get no monitor, so no connection at all. */
const inWorker: Settings = {
  monitor: '',
  directory: '',
  fallbackRoot: '',
  prefix: '',
  environment: false,
  environmentTexts: {},
  optional: false,
  answered: [],
  legacyInterop: false,
  importsEntry: false,
  aliases: { paths: [] },
};

function read(): Settings {
  if (!isMainThread) return inWorker;
  const data: unknown = JSON.parse(process.env['KEYTURN_RECORDER'] ?? 'null');
  if (!isSettings(data)) throw new Error(`${variable} is not set: this file is only loaded by the recorder.`);
  delete process.env['KEYTURN_RECORDER'];
  return data;
}

export const settings: Settings = read();
