import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import type { JsonReport } from '@keyturn/findings/formats';
import { makeWorld, type World } from './testing.js';

const leak =
  "import { Pool } from 'pg';\nexport const pool = new Pool({ host: 'db', user: 'shop', password: 'c4n4ry-Xq7' });\n";
const fine = 'export const answer = 42;\n';
const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: c4n4ry-Xq7\n';

let world: World | undefined;
afterEach(() => world?.remove());

function make(files: Readonly<Record<string, string>>): World {
  world = makeWorld(files);
  return world;
}

async function checkJson(files: Readonly<Record<string, string>>, ...args: string[]) {
  const { code, out, err } = await make(files).keyturn('check', '--json', ...args);
  expect(err).toBe('');
  return { code, report: JSON.parse(out) as JsonReport };
}

describe('exit codes', () => {
  it.each([
    { name: 'a file in which nothing is wrong', files: { 'a.ts': fine }, args: [], code: 0 },
    { name: 'a password in source', files: { 'a.ts': leak }, args: [], code: 1 },
    { name: 'a password in source that may be', files: { 'a.ts': leak }, args: ['--fail-on', 'never'], code: 0 },
    { name: 'a folder with nothing in it', files: {}, args: [], code: 3 },
    { name: 'a folder with YAML that is no manifest', files: { 'a.yaml': 'a: 1\n' }, args: [], code: 3 },
    { name: 'a path that does not exist', files: { 'a.ts': fine }, args: ['a.ts', 'b.ts'], code: 3 },
    { name: 'a file of a kind that is not read', files: { 'a.txt': 'x' }, args: ['a.txt'], code: 3 },
    { name: 'source that cannot be parsed', files: { 'a.ts': 'const = ;' }, args: [], code: 3 },
    { name: 'that, although findings may be', files: { 'a.ts': 'const = ;' }, args: ['--fail-on', 'never'], code: 3 },
    {
      name: 'a program of another runtime',
      files: { 'Pulumi.yaml': 'name: a\nruntime: python\n', 'a.ts': fine },
      args: [],
      code: 3,
    },
    { name: 'a Pulumi.yaml that is no YAML', files: { 'Pulumi.yaml': '{', 'a.ts': fine }, args: [], code: 3 },
  ])('$name: $code', async ({ files, args, code }) => {
    expect((await make(files).keyturn('check', ...args)).code).toBe(code);
  });

  it('is 3 for a program that throws, and says why', async () => {
    const { code, report } = await checkJson({
      'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
      'infra/package.json': '{"name":"shop","main":"index.js"}',
      'infra/index.js': "throw new Error('no database');\n",
    });
    expect(code).toBe(3);
    expect(report.findings).toEqual([]);
    expect(report.notAnalysed).toMatchObject([{ what: 'the program in infra', extent: 'whole' }]);
    expect(report.notAnalysed[0]?.place?.file).toMatch(/^infra\//);
  });
});

describe('wrong usage', () => {
  it.each([
    { args: ['chekc'], says: /unknown command 'chekc'\n\(Did you mean check\?\)/ },
    { args: ['check', '--fromat', 'json'], says: /unknown option '--fromat'\n\(Did you mean --format\?\)/ },
    { args: ['check', '--format', 'serif'], says: /There is no format "serif"\. Did you mean "sarif"\?/ },
    { args: ['check', '--format', 'json='], says: /names no file/ },
    { args: ['check', '--json', '--format', 'sarif'], says: /json and sarif cannot share the standard output/ },
    { args: ['check', '--format', 'json', '--format', 'sarif'], says: /cannot share the standard output/ },
    { args: ['check', '--format', 'json', '-o', 'a', '-o', 'b'], says: /belongs to no format/ },
    { args: ['check', '--preset', 'stirct'], says: /There is no preset "stirct"\. Did you mean "strict"\?/ },
    { args: ['check', '--fail-on', 'hihg'], says: /There is no severity "hihg"\. Did you mean "high"\?/ },
    { args: ['check', '--timeout', 'soon'], says: /--timeout must be a number of seconds from 1 to 86400, not "soon"/ },
    {
      args: ['check', '--explain', 'require-pool-refrsh'],
      says: /There is no rule "require-pool-refrsh"\. Did you mean "require-pool-refresh"\?/,
    },
    { args: ['check', '--config', 'no.json'], says: /no\.json cannot be read \(ENOENT\)/ },
    { args: ['check', '--format', 'json=a.ts/x.json'], says: /The report a\.ts\/x\.json cannot be written/ },
  ])('$args is refused with 2', async ({ args, says }) => {
    const { code, out, err } = await make({ 'a.ts': fine }).keyturn(...args);
    expect(err).toMatch(says);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe('the configuration', () => {
  const rules = (text: string) => ({ 'a.ts': leak, 'keyturn.config.json': text });

  it.each([
    { text: '{', says: /is not JSON: see line 1/ },
    { text: '{"prset":"pci"}', says: /unknown key "prset"\. Did you mean "preset"\?/ },
    { text: '{"preset":"high"}', says: /"preset" must be one of recommended, strict, pci/ },
    {
      text: '{"rules":{"require-pool-refrsh":"off"}}',
      says: /"rules" has an unknown key "require-pool-refrsh"\. Did you mean "require-pool-refresh"\?/,
    },
    {
      text: '{"rules":{"require-pool-refresh":{"options":{"checkTest":true}}}}',
      says: /unknown key "checkTest"\. Did you mean "checkTests"\?/,
    },
    { text: '{"exceptions":[{"rule":"require-pool-refresh","path":"a.ts"}]}', says: /"exceptions\.0" lacks "reason"/ },
    {
      text: '{"exceptions":[{"rule":"require-pool-refresh","path":"a","reason":"x","until":"May"}]}',
      says: /"exceptions\.0\.until" must match format "date"/,
    },
  ])('refuses $text', async ({ text, says }) => {
    const { code, err } = await make(rules(text)).keyturn('check');
    expect(err).toMatch(says);
    expect(code).toBe(2);
  });

  it('switches rules off and on, and counts those that ran', async () => {
    const { report: all } = await checkJson({ 'a.ts': leak });
    const { report } = await checkJson(rules('{"rules":{"require-pool-refresh":"off"}}'));
    expect(all.findings.map(({ rule }) => rule)).toContain('require-pool-refresh');
    expect(report.findings.map(({ rule }) => rule)).not.toContain('require-pool-refresh');
    expect(report.looked.rules).toBe(all.looked.rules - 1);
  });

  it('is found above the folder, unless --no-config says otherwise', async () => {
    const { keyturn } = make(rules('{"failOn":"never"}'));
    expect((await keyturn('check')).code).toBe(0);
    expect((await keyturn('check', '--no-config')).code).toBe(1);
  });

  it('leaves out what it ignores', async () => {
    const { report } = await checkJson({ ...rules('{"ignore":["gen/**"]}'), 'a.ts': fine, 'gen/b.ts': leak });
    expect(report.findings).toEqual([]);
    expect(report.looked.sourceFiles).toBe(1);
  });
});

describe('exceptions', () => {
  it('cover a finding from a comment, and are shown', async () => {
    const line = '// keyturn-ignore-next-line require-pool-refresh, no-hardcoded-credential -- moves in May';
    const { code, report } = await checkJson({ 'a.ts': leak.replace('export', `${line}\nexport`) });
    expect(report.findings).toEqual([]);
    expect(report.suppressed.map(({ by, reason }) => `${by}: ${reason}`)).toContain('comment: moves in May');
    expect(code).toBe(0);
  });

  it('cover nothing once expired, and are a finding then', async () => {
    const line = '// keyturn-ignore-next-line require-pool-refresh -- moves in May (until 2020-05-31)';
    const { report } = await checkJson({ 'a.ts': leak.replace('export', `${line}\nexport`) });
    const rules = report.findings.map(({ rule, place }) => `${rule}:${place.line}`);
    expect(rules).toContain('exception-expired:2');
    expect(rules).toContain('require-pool-refresh:3');
  });

  it('cover a manifest from above it', async () => {
    const line = '# keyturn-ignore-next-line no-hardcoded-password -- a sample';
    const before = await checkJson({ 'k8s/db.yaml': secret });
    const after = await checkJson({ 'k8s/db.yaml': `${line}\n${secret}` });
    expect(before.report.findings.map(({ rule }) => rule)).toContain('no-hardcoded-password');
    expect(after.report.findings.map(({ rule }) => rule)).not.toContain('no-hardcoded-password');
    expect(after.report.suppressed).toHaveLength(1);
  });

  it('cover from the configuration by path, and say when they cover nothing', async () => {
    const exceptions = [
      { rule: 'require-pool-refresh', path: '**/a.ts', reason: 'moves in May' },
      { rule: 'require-pool-refresh', path: 'b.ts', reason: 'gone' },
    ];
    const { report } = await checkJson({
      'x/a.ts': leak,
      'keyturn.config.json': JSON.stringify({ exceptions }, null, 2),
    });
    expect(report.suppressed).toMatchObject([{ by: 'config', reason: 'moves in May' }]);
    expect(report.findings.filter(({ rule }) => rule === 'exception-unused')).toMatchObject([
      { place: { file: 'keyturn.config.json', line: 8 } },
    ]);
  });

  it('cover nothing from an `eslint-disable` without being shown', async () => {
    const { report } = await checkJson({ 'a.ts': `/* eslint-disable keyturn/require-pool-refresh -- old */\n${leak}` });
    expect(report.findings.map(({ rule }) => rule)).not.toContain('require-pool-refresh');
    expect(report.suppressed).toMatchObject([{ by: 'comment', reason: 'old' }]);
  });
});

describe('reports', () => {
  it('are written to several places at once, and none holds the value that was found', async () => {
    const { keyturn, folder } = make({ 'src/a.ts': leak, 'k8s/db.yaml': secret });
    const names = ['json', 'sarif', 'junit', 'github', 'markdown'];
    const { out, code } = await keyturn(
      'check',
      '--format',
      'pretty',
      ...names.flatMap((name) => ['--format', `${name}=out/${name}`]),
    );
    const texts = [out, ...names.map((name) => readFileSync(path.join(folder, 'out', name), 'utf8'))];
    expect(code).toBe(1);
    for (const text of texts) {
      expect(text).toContain('a.ts');
      expect(text).toContain('db.yaml');
      expect(text).not.toContain('c4n4ry');
    }
  });

  it('name the same findings by the same fingerprints after lines were added above', async () => {
    const prints = ({ report }: { report: JsonReport }) => report.findings.map(({ fingerprint }) => fingerprint);
    const before = await checkJson({ 'a.ts': leak, 'b.yaml': secret });
    const after = await checkJson({ 'a.ts': `\n\n${leak}`, 'b.yaml': `# more\n\n${secret}` });
    expect(prints(before).length).toBeGreaterThan(1);
    expect(prints(after)).toEqual(prints(before));
  });

  it('do not read what git ignores, nor packages', async () => {
    const { report } = await checkJson({
      '.gitignore': 'dist\n',
      'a.ts': fine,
      'dist/b.js': leak,
      'node_modules/c/d.js': leak,
    });
    expect(report.looked.sourceFiles).toBe(1);
    expect(report.findings).toEqual([]);
  });

  it('do not depend on the ESLint configuration of the user', async () => {
    const { report } = await checkJson({ 'a.ts': leak, 'eslint.config.js': 'export default [{ ignores: ["**"] }];\n' });
    expect(report.findings.length).toBeGreaterThan(0);
  });
});

describe('--help and --explain', () => {
  it('say what there is', async () => {
    const { keyturn } = make({});
    const help = await keyturn('check', '--help');
    for (const word of ['--format', '--output', '--preset', '--fail-on', '--explain', '--config', 'Exit codes'])
      expect(help.out).toContain(word);
    const explained = await keyturn('check', '--explain', 'keyturn/require-pool-refresh');
    expect(explained.out).toMatch(/^require-pool-refresh \(lint, high\)\n/);
    expect([help.code, explained.code]).toEqual([0, 0]);
  });
});
