/** Registers the loader hooks; only for programs that are ES modules. */
import { register } from 'node:module';

register('./esm-hooks.mjs', import.meta.url);
