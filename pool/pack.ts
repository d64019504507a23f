import { execFileSync } from 'node:child_process';
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

/**
 * What is published stands alone: `plan/` lies inside, as an ES module and as CommonJS, each with its types. The files stay apart, so that
 * every sub-path has the same classes. `postpack` compiles the folder again, so that the workspace never runs what was packed.
 */
const here = import.meta.dirname;
const dist = path.join(here, 'dist');
const isPart = (name: string): boolean => !/\.(?:map|tsbuildinfo)$/.test(name);

await rm(dist, { recursive: true, force: true });
execFileSync('npx', ['--no-install', 'tsc', '-b', '--force', here], { stdio: 'inherit' });
for (const name of await readdir(dist, { recursive: true })) if (!isPart(name)) await rm(path.join(dist, name));
await cp(path.join(here, '../plan/dist'), path.join(dist, 'plan'), {
  recursive: true,
  filter: (source) => isPart(source),
});

const files = (await readdir(dist, { recursive: true })).filter((name) => /\.(?:js|d\.ts)$/.test(name));
for (const name of files) {
  const file = path.join(dist, name);
  const up = path.relative(path.dirname(file), path.join(dist, 'plan/index.js')).split(path.sep).join('/');
  const text = (await readFile(file, 'utf8'))
    .replaceAll("'@keyturn/plan'", `'${up.startsWith('.') ? up : `./${up}`}'`)
    .replaceAll(/^\/\/# sourceMappingURL=.*\n?/gm, '');
  await writeFile(file, text);
}

const commonJs = path.join(dist, 'cjs');
await build({
  entryPoints: files.filter((name) => name.endsWith('.js')).map((name) => path.join(dist, name)),
  outdir: commonJs,
  outbase: dist,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
});
for (const name of files.filter((one) => one.endsWith('.d.ts'))) {
  await cp(path.join(dist, name), path.join(commonJs, name));
}
await writeFile(path.join(commonJs, 'package.json'), '{ "type": "commonjs" }\n');
