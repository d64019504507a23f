/** Registers the loader hooks; only for programs that are ES modules. */
import { register } from 'node:module';

const answered: unknown = Reflect.get(globalThis, Symbol.for('keyturn.answered'));
register('./esm-hooks.mjs', import.meta.url, {
  data: {
    standsIn: Array.isArray(answered) && answered.includes('modules'),
    aliases: Reflect.get(globalThis, Symbol.for('keyturn.aliases')) as unknown,
  },
});
