import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { systemdFiles, type SystemdTemplate } from './systemd.js';
import { envTemplate, goTemplate, parseTemplate, TemplateError } from './template.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-template-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const template =
  'url=postgres://${DB_USER}:$DB_PASSWORD@$DB_HOST/app # ${HOME} $DB_USERS {{ x }} $ ${ $5\ngen=$DB_GENERATION\n';
const credential = { DB_USER: 'app_a', DB_PASSWORD: String.raw`p&\1/"'$x`, DB_GENERATION: '3' };
const rendered = (password: string): string =>
  'url=postgres://app_a:' + password + '@db/app # ${HOME} $DB_USERS {{ x }} $ ${ $5\ngen=3\n';

const options: SystemdTemplate = {
  name: 'shop',
  template,
  values: { DB_HOST: 'db' },
  credentialFile: '/var/lib/keyturn/shop.env',
  file: 'app.conf',
  unit: 'shop.service',
  group: 'shop',
  reload: 'restart',
};
const contentOf = (change: Partial<SystemdTemplate>, end: string): string =>
  systemdFiles({ ...options, ...change }).find(({ path: at }) => at.endsWith(end))?.content ?? '';

describe('a template', () => {
  it('is what envsubst reads', (context) => {
    try {
      execFileSync('/bin/sh', ['-c', 'command -v envsubst']);
    } catch {
      context.skip('envsubst is not on the PATH');
    }
    const text = execFileSync('/bin/sh', ['-c', `envsubst '$DB_USER $DB_PASSWORD $DB_GENERATION'`], {
      input: envTemplate(parseTemplate(template, { DB_HOST: 'db' })),
      env: { ...credential, PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
    });
    expect(text).toBe(rendered(credential.DB_PASSWORD));
  });

  it('keeps its braces in Go', () => {
    expect(goTemplate(parseTemplate('{{a}} ${DB_USER} $DB_PASSWORD'), (key) => `.${key}`)).toBe(
      '{{ "{{" }}a}} {{ .username }} {{ .password }}',
    );
  });

  it.each(['$DB_USER', '${DB_PASSWORD} ${DB_USERS}'])('has to hold user and password: %s', (text) => {
    expect(() => parseTemplate(text)).toThrow(TemplateError);
  });

  it('comes back as it was, whatever stands around the variables', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const text = `${before} \${DB_USER} \${DB_PASSWORD} ${after}`;
        fc.pre(!/\$\{?DB_/.test(before + after));
        expect(envTemplate(parseTemplate(text))).toBe(text);
      }),
    );
  });
});

describe('the systemd units', () => {
  /** Runs the script that the unit starts, with the folders that systemd gives it. */
  function run(held: Readonly<Record<string, string>>): string {
    const [credentials, runtime] = ['credentials', 'runtime'].map((name) => path.join(folder, name));
    for (const each of [credentials, runtime]) mkdirSync(each ?? '', { recursive: true });
    const lines = Object.entries(held).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(path.join(credentials ?? '', 'credential'), lines.join(''));
    const source = path.join(folder, 'shop.template');
    writeFileSync(source, contentOf({}, '.template'));
    const script = path.join(folder, 'render');
    writeFileSync(script, contentOf({}, '-render').replace('/etc/keyturn/shop.template', source));
    const env = { PATH: process.env['PATH'], CREDENTIALS_DIRECTORY: credentials, RUNTIME_DIRECTORY: runtime };
    execFileSync('/bin/sh', [script], { env, stdio: 'pipe' });
    return path.join(runtime ?? '', 'app.conf');
  }

  it('render any password as it is, for the group only', () => {
    const file = run(credential);
    expect(readFileSync(file, 'utf8')).toBe(rendered(credential.DB_PASSWORD));
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('keep what was rendered when the credential is half there', () => {
    const file = run(credential);
    expect(() => run({ DB_USER: 'app_b' })).toThrow('has no DB_USER or no DB_PASSWORD');
    expect(readFileSync(file, 'utf8')).toBe(rendered(credential.DB_PASSWORD));
  });

  it('hold no credential and give the application its own copy at start', () => {
    expect(contentOf({}, 'keyturn.conf')).toContain('LoadCredential=app.conf:/run/shop/app.conf\n');
    expect(contentOf({}, '.service')).toContain('ExecStartPost=+/bin/systemctl --no-block try-restart shop.service\n');
    expect(contentOf({}, '.path')).toContain('PathChanged=/var/lib/keyturn/shop.env\n');
  });

  it('let an application that is told read the rendered file, which systemd does not copy again', () => {
    expect(contentOf({ reload: 'signal' }, 'keyturn.conf')).not.toContain('LoadCredential');
    expect(contentOf({ reload: 'signal' }, 'render.service')).toContain('try-reload-or-restart shop.service');
    expect(contentOf({ reload: 'watch' }, 'render.service')).not.toContain('ExecStartPost');
  });

  it('are units that systemd takes', (context) => {
    try {
      execFileSync('/bin/sh', ['-c', 'command -v systemd-analyze']);
    } catch {
      context.skip('systemd-analyze is not on the PATH');
    }
    const files = ['render.service', 'render.path'].map((end) => {
      const file = path.join(folder, `shop-${end}`);
      writeFileSync(file, contentOf({}, end).replace('/usr/local/lib/keyturn/shop-render', '/bin/true'));
      return file;
    });
    const answer = execFileSync('/bin/sh', ['-c', 'systemd-analyze verify "$@" 2>&1 || true', 'sh', ...files], {
      encoding: 'utf8',
    });
    expect(answer.split('\n').filter((line) => line.includes('shop-render'))).toEqual([]);
  });

  it.each([
    { change: { name: 'a b' }, says: '`name` has to match' },
    { change: { unit: 'shop' }, says: '`unit` has to match' },
    { change: { file: '../x' }, says: '`file` has to match' },
    { change: { credentialFile: 'x.env' }, says: '`credentialFile` has to match' },
  ])('are refused: $says', ({ change, says }) => {
    expect(() => systemdFiles({ ...options, ...change })).toThrow(says);
  });
});
