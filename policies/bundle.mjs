// Makes one file of the pack: the policy server loads it on every preview, and a hundred small files cost more than they hold.
import path from 'node:path';

import { build } from 'esbuild';

/** The compiler of schemas is needed only where somebody gives options, and is a third of the time that the pack takes to load. */
const ajvWhenNeeded = {
  name: 'ajv-when-needed',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^ajv$/, namespace: 'when-needed' }, () => ({ path: 'ajv', external: true }));
    onResolve({ filter: /^ajv$/ }, () => ({ path: 'ajv', namespace: 'when-needed' }));
    onLoad({ filter: /.*/, namespace: 'when-needed' }, () => ({
      contents: 'exports.Ajv = function Ajv(options) { return new (require("ajv").Ajv)(options); };',
    }));
  },
};

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ['src/pack.ts'],
  outfile: process.argv[2] ?? path.join(import.meta.dirname, 'dist', 'pack.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  conditions: ['keyturn-source'],
  plugins: [ajvWhenNeeded],
  external: ['@pulumi/*'],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  legalComments: 'none',
  logLevel: 'warning',
});
