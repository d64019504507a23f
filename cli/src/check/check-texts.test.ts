import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

let world: World | undefined;
afterEach(() => world?.remove());

async function checkJson(files: Readonly<Record<string, string>>, ...args: string[]) {
  world?.remove();
  world = makeWorld(files);
  const { code, out } = await world.keyturn('check', '--format', 'json', ...args);
  return { code, report: JSON.parse(out) as JsonReport };
}

const told = ({ findings }: JsonReport) => findings.map(({ rule, place }) => `${place.file}:${place.line} ${rule}`);

const hardcoded = 'no-hardcoded-password';
const inPlace = 'no-password-change-in-script';
const alter = `psql -c "ALTER USER app PASSWORD '$NEW'"`;
const env = 'DB_USER=app\nDB_PASSWORD=c4n4ry-Xq7\n';
const compose = `services:
  db:
    image: postgres
    environment:
      POSTGRES_PASSWORD: c4n4ry-Xq7
  app:
    image: shop
    environment: ['DB_PASSWORD=\${PW:-c4n4ry-Xq7}', 'API_TOKEN', 'OTHER_TOKEN=\${OTHER_TOKEN}']
`;
const workflow = `jobs:\n  rotate:\n    steps:\n      - run: |\n          echo hello\n          ${alter}\n`;
const gitlab = `rotate:\n  script:\n    - ${alter}\n`;

const inputs: readonly { file: string; text: string; finds: readonly string[] }[] = [
  { file: 'docker-compose.yml', text: compose, finds: [`5 ${hardcoded}`, `8 ${hardcoded}`] },
  { file: 'deploy/compose.prod.yaml', text: compose, finds: [`5 ${hardcoded}`, `8 ${hardcoded}`] },
  { file: '.env', text: env, finds: [`2 ${hardcoded}`] },
  { file: 'app/.env.production', text: env, finds: [`2 ${hardcoded}`] },
  { file: 'prod.env', text: env, finds: [`2 ${hardcoded}`] },
  { file: '.env.example', text: env, finds: [] },
  { file: '.env.sample', text: `${env}GITHUB_TOKEN=ghp_${'c4n4ry'.repeat(6)}\n`, finds: [`3 ${hardcoded}`] },
  { file: 'app.conf.tmpl', text: 'host = ${DB_HOST}\ndb.password = c4n4ry-Xq7\n', finds: [`2 ${hardcoded}`] },
  { file: 'app.ini.template', text: '[db]\nhost=$HOST\npassword=$PASSWORD\n', finds: [] },
  {
    file: 'secret.yaml.envsubst',
    text: 'apiVersion: v1\nkind: Secret\nmetadata: { name: $NAME }\nstringData:\n  password: c4n4ry-Xq7\n',
    finds: [`5 ${hardcoded}`],
  },
  {
    file: 'pod.json',
    text: JSON.stringify(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'db' },
        spec: { containers: [{ name: 'db', env: [{ name: 'MYSQL_ROOT_PASSWORD', value: 'c4n4ry-Xq7' }] }] },
      },
      undefined,
      '\t',
    ),
    finds: [`14 ${hardcoded}`],
  },
  { file: 'bin/rotate.sh', text: `#!/bin/sh\n${alter}\n`, finds: [`2 ${inPlace}`] },
  {
    file: 'rotate.sql',
    text: `SELECT 1;\nALTER USER app PASSWORD 'c4n4ry-Xq7';\n`,
    finds: [`2 ${hardcoded}`, `2 ${inPlace}`],
  },
  { file: '.github/workflows/rotate.yml', text: workflow, finds: [`6 ${inPlace}`] },
  { file: '.gitlab-ci.yml', text: gitlab, finds: [`3 ${inPlace}`] },
  {
    file: '.github/workflows/ship.yml',
    text: 'jobs:\n  ship:\n    env: { API_TOKEN: c4n4ry-Xq7, OTHER_TOKEN: "${{ secrets.T }}" }\n',
    finds: [`3 ${hardcoded}`],
  },
  { file: 'init.sql', text: "CREATE USER app\n  PASSWORD 'c4n4ry-Xq7';\n", finds: [`1 ${hardcoded}`] },
];

describe('files that are read as text', { timeout: 300_000 }, () => {
  it.each(inputs)('are checked when they are named and when they are found: $file', async ({ file, text, finds }) => {
    const expected = finds.map((each) => `${file}:${each}`).sort();
    for (const args of [[file], [], ['.', file, file]]) {
      const { code, report } = await checkJson({ [file]: text }, ...args);
      expect(told(report).sort()).toEqual(expected);
      expect(code).toBe(finds.some((each) => each.endsWith(hardcoded)) ? 1 : 0);
      expect(report.looked).toMatchObject(
        /^(secret|pod)/.test(file) ? { manifests: 1, otherFiles: 0 } : { manifests: 0, otherFiles: 1 },
      );
      expect(JSON.stringify(report)).not.toContain('c4n4ry');
    }
  });

  it('are no states of Pulumi, which hold manifests and are read as what they are when they are named', async () => {
    const inputs = { apiVersion: 'v1', kind: 'Secret', stringData: { password: 'c4n4ry-Xq7' } };
    const urn = 'urn:pulumi:dev::shop::kubernetes:core/v1:Secret::login';
    const resource = { urn, custom: true, type: 'kubernetes:core/v1:Secret', inputs, outputs: {} };
    const state = { 'state.json': JSON.stringify({ version: 3, deployment: { manifest: {}, resources: [resource] } }) };
    const named = await checkJson(state, 'state.json');
    expect(named.report).toMatchObject({ looked: { resources: 1 }, undecided: [{ rule: hardcoded }] });
    expect((await checkJson({ ...state, '.env': env })).report.looked).toMatchObject({ manifests: 0, otherFiles: 1 });
  });

  it('are found beside one another, and not below packages, dist and what git ignores', async () => {
    const files = Object.fromEntries(inputs.map(({ file, text }) => [file, text]));
    const away = { 'node_modules/a/.env': env, 'dist/.env': env, '.git/a.sh': alter, 'local/.env': env };
    const { report } = await checkJson({ ...files, ...away, '.gitignore': 'local\n' });
    expect(told(report).sort()).toEqual(
      inputs.flatMap(({ file, finds }) => finds.map((each) => `${file}:${each}`)).sort(),
    );
  });

  it('are no reason to call a manifest something else because of its name', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: db }\nstringData:\n  password: c4n4ry-Xq7\n';
    const { report } = await checkJson({ 'compose-secrets.yaml': secret });
    expect(told(report)).toEqual([`compose-secrets.yaml:5 ${hardcoded}`]);
    expect(report.looked.manifests).toBe(1);
  });

  it.each([
    { name: 'more values than are read', text: `kind: List\napiVersion: v1\nitems: [${'1,'.repeat(200_001)}1]\n` },
    {
      name: 'aliases that stand for one another',
      text: `apiVersion: v1\nkind: A\na: &a [${'1,'.repeat(9)}1]\n${['a', 'b', 'c', 'd', 'e', 'f']
        .map((name, index, all) => `x${index}: &${all[index + 1] ?? 'g'} [${`*${name},`.repeat(9)}*${name}]\n`)
        .join('')}`,
    },
    { name: 'deep nesting', text: `apiVersion: v1\nkind: A\na: ${'['.repeat(300)}${']'.repeat(300)}\n` },
    { name: 'nesting without end', text: `apiVersion: v1\nkind: A\na: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n` },
  ])('end with 3 when they are not read to the end: $name', { timeout: 300_000 }, async ({ text }) => {
    for (const file of ['a.yaml', 'compose.yaml']) {
      const { code, report } = await checkJson({
        [file]: text.replace(/^/, file === 'a.yaml' ? '' : 'services: {}\n'),
        'a.ts': '',
      });
      expect(code).toBe(3);
      expect(report.notAnalysed.filter(({ extent }) => extent === 'whole')).toMatchObject([
        { what: expect.stringContaining(file) as string },
      ]);
    }
  });

  it.each([
    { name: 'a folder of texts that nobody reads', files: { 'a.txt': env, 'b.md': alter }, args: [] },
    {
      name: 'a workflow that is no YAML',
      files: { '.github/workflows/a.yml': 'env: { A: "${{ secrets.A }}"', 'a.ts': '' },
      args: [],
    },
    { name: 'a compose file that is no YAML', files: { 'compose.yaml': 'services: [', 'a.ts': '' }, args: [] },
    { name: 'a manifest that was cut off', files: { 'a.yaml': 'apiVersion: v1\nkind: [', 'a.ts': '' }, args: [] },
    { name: 'a .env file without a variable', files: { '.env': 'just words\n' }, args: ['.env'] },
    { name: 'a template of another kind', files: { 'a.tmpl': 'password: {{ .c4n4ry }}' }, args: ['a.tmpl'] },
    { name: 'a .env file that is a folder of nothing', files: { '.env/keep.txt': '' }, args: ['.env'] },
  ])('end with 3 and a reason: $name', async ({ files, args }) => {
    const { code, report } = await checkJson(files as unknown as Record<string, string>, ...args);
    expect(code).toBe(3);
    expect(report.notAnalysed.some(({ because }) => because.length > 10)).toBe(true);
    expect(JSON.stringify(report)).not.toContain('c4n4ry');
  });

  it('read what a chart has written out, and say which of its templates cannot be read', async () => {
    const { code, report } = await checkJson({
      'templates/a.yaml':
        'apiVersion: v1\nkind: Secret\nmetadata:\n  name: "{{ .Release.Name }}-db"\nstringData:\n  password: c4n4ry-Xq7\n  other-password: "{{ .Values.password }}"\n',
      'templates/b.yaml': '{{ include "common.deployment" . }}\n',
    });
    expect(told(report)).toEqual([`templates/a.yaml:6 ${hardcoded}`]);
    expect(report.undecided.map(({ because }) => because)).toContainEqual(expect.stringContaining('other-password'));
    expect(report.notAnalysed).toMatchObject([{ what: 'document 1 of templates/b.yaml' }]);
    expect(code).toBe(1);
    const alone = await checkJson({ 'templates/b.yaml': '{{ include "common.deployment" . }}\n' });
    expect(alone.code).toBe(3);
  });

  it('say of templates that they are filled in later, without ending with 3 for the rest', async () => {
    const { code, report } = await checkJson({
      'templates/a.yaml': 'apiVersion: v1\nkind: A\n{{- if .x }}\na: 1\n{{- end }}\n',
      'a.ts': '',
    });
    expect(report.notAnalysed).toMatchObject([{ what: 'document 1 of templates/a.yaml' }]);
    expect(code).toBe(0);
  });

  it.each([
    { file: '.env', text: 'A=1\n# IGNORE\nDB_PASSWORD=c4n4ry-Xq7\n' },
    {
      file: 'compose.yaml',
      text: 'services:\n  db:\n    environment:\n      # IGNORE\n      DB_PASSWORD: c4n4ry-Xq7\n',
    },
    { file: 'a.sql', text: "-- IGNORE, no-password-change-in-script\nALTER USER app PASSWORD 'c4n4ry-Xq7';\n" },
    { file: 'a.sh', text: `# IGNORE, no-password-change-in-script\npsql -c "ALTER USER app PASSWORD 'c4n4ry-Xq7'"\n` },
  ])('take the exception of a comment above the line: $file', async ({ file, text }) => {
    const word = (rules: string) => text.replace(/IGNORE(.*)/, `keyturn-ignore-next-line ${rules}$1 -- a test`);
    const { code, report } = await checkJson({ [file]: word(hardcoded) });
    expect(told(report)).toEqual([]);
    expect(report.suppressed.length).toBeGreaterThan(0);
    expect(code).toBe(0);
    const unused = await checkJson({ [file]: word(hardcoded).replaceAll(/c4n4ry-Xq7/g, '$LATER') });
    expect(unused.report.findings.map(({ rule }) => rule)).toContain('exception-unused');
  });

  it('keep their fingerprints in a baseline when lines are added above', async () => {
    world = makeWorld({ '.env': env, 'compose.yaml': compose, 'a.sh': alter });
    const baseline = ['--baseline', 'known.json'];
    expect((await world.keyturn('check', ...baseline, '--update-baseline')).code).toBe(0);
    world.write({ '.env': `# more\n\n${env}`, 'compose.yaml': `# more\n${compose}`, 'a.sh': `# more\n${alter}` });
    expect((await world.keyturn('check', ...baseline)).code).toBe(0);
    world.write({ '.env': `${env}OTHER_PASSWORD=c4n4ry-Xq7\n` });
    const { code, out } = await world.keyturn('check', ...baseline, '--format', 'json');
    expect(code).toBe(1);
    expect(told(JSON.parse(out) as JsonReport)).toEqual([`.env:3 ${hardcoded}`]);
    expect(readFileSync(path.join(world.folder, 'known.json'), 'utf8')).not.toContain('c4n4ry');
  });

  it('are compared with a git ref', async () => {
    world = makeWorld({ '.env': env, 'compose.yaml': 'services: {}\n' });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], { cwd: world?.folder });
    git('init', '-q');
    git('add', '-A', '-f');
    git('commit', '-qm', 'before');
    world.write({ 'compose.yaml': compose });
    const { out } = await world.keyturn('check', '--base', 'HEAD', '--format', 'json');
    expect(told(JSON.parse(out) as JsonReport)).toEqual([`compose.yaml:5 ${hardcoded}`, `compose.yaml:8 ${hardcoded}`]);
  });

  it('print no value in any format', async () => {
    world = makeWorld({
      '.env': `${env}KEY="-----BEGIN PRIVATE KEY-----\nc4n4ryAAAA==\n-----END PRIVATE KEY-----"\nOPEN_TOKEN="c4n4ry\n`,
      'app.env': 'c4n4ry\nPRIVATE_KEY=-----BEGIN PRIVATE KEY-----\nc4n4ry/AAAA==\n',
      'compose.yaml': compose,
      'a.sh': `psql -c "ALTER USER app PASSWORD 'c4n4ry-Xq7'"\n`,
      'app.conf.tmpl': 'a=$B\npassword=c4n4ry-Xq7\n',
    });
    for (const format of ['pretty', 'json', 'sarif', 'junit', 'github', 'markdown']) {
      const { out, err } = await world.keyturn('check', '--format', format);
      for (const file of ['.env', 'app.env', 'compose.yaml', 'a.sh', 'app.conf.tmpl']) expect(out).toContain(file);
      expect(out + err).not.toContain('c4n4ry');
    }
  });
});
