import { execFileSync } from 'node:child_process';
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

/**
 * What is published stands alone: one file of code, with the rooms it needs inside, and the declarations of those rooms beside it.
 * `postpack` compiles the folder again, so that nothing in the workspace runs the bundle.
 */
const here = import.meta.dirname;
const dist = path.join(here, 'dist');

await rm(dist, { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-b', '--force', here], { stdio: 'inherit' });

for (const name of await readdir(dist, { recursive: true })) {
  if (/\.(?:js|js\.map|d\.ts\.map|tsbuildinfo)$/.test(name)) await rm(path.join(dist, name));
}
await build({
  entryPoints: [path.join(here, 'src/index.ts')],
  outfile: path.join(dist, 'index.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  conditions: ['keyturn-source'],
  external: ['eslint', '@typescript-eslint/utils'],
  // Parsers inside are CommonJS and require Node's own modules.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  legalComments: 'none',
});

// What only the bundle needs says nothing to anybody.
await rm(path.join(dist, 'documents'), { recursive: true, force: true });

await cp(path.join(here, '../findings/dist'), path.join(dist, 'findings'), {
  recursive: true,
  filter: (source) => !/\.(?:js|map|tsbuildinfo)$/.test(source),
});
for (const name of await readdir(dist, { recursive: true })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = path.join(dist, name);
  const text = await readFile(file, 'utf8');
  const up = path.relative(path.dirname(file), path.join(dist, 'findings/index.js')).split(path.sep).join('/');
  await writeFile(file, text.replaceAll("'@keyturn/findings'", `'${up.startsWith('.') ? up : `./${up}`}'`));
}
