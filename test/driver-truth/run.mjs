// Opens every sample, waits for a rotation, and says which of them can still open a connection.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';

// Idle connections that the server ends, and drivers that fail where nobody can catch it.
const ignore = () => undefined;
process.on('uncaughtException', ignore);
process.on('unhandledRejection', ignore);

const within = async (work) => {
  const giveUp = new AbortController();
  const late = after(60_000, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error('It did not answer within 60 s.');
  });
  late.catch(ignore);
  try {
    return await Promise.race([work(), late]);
  } finally {
    giveUp.abort();
  }
};
const answers = async (open, tries) => {
  for (let left = tries; ; left--) {
    try {
      await within(async () => (await open()).query());
      return true;
    } catch {
      if (left <= 1) return false;
      await after(50);
    }
  }
};

const files = process.argv.slice(2);
const opened = await Promise.all(
  files.map(async (file) => {
    const module = import(file);
    module.catch(ignore);
    const before = await answers(async () => await within(() => module), 2);
    return { module, before };
  }),
);
console.log('opened');
await once(createInterface({ input: process.stdin }), 'line');
const results = await Promise.all(
  opened.map(async ({ module, before }) => {
    if (!before) return 'never';
    const sample = await module;
    await sample.refresh?.();
    // The first tries may meet connections that the server has ended.
    return (await answers(() => sample, 6)) ? 'follows' : 'refused';
  }),
);
console.log(JSON.stringify(results));
process.exit(0);
