import { Linter as Linter10 } from 'eslint';
import { Linter as Linter9 } from 'eslint-9';
import { policies } from '@keyturn/policies';
import { pageOf } from '@keyturn/findings';
import { describe, expect, it } from 'vitest';
import * as yamlParser from 'yaml-eslint-parser';
import plugin from '../index.js';

const config = plugin.configs.documents as never;
const secret = (line = '') => `apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
${line}  password: correct-horse-9-battery
`;
const versions = [
  ['9', new Linter9() as unknown as Linter10],
  ['10', new Linter10()],
] as const;

describe.each(versions)('documents in ESLint %s', (_, linter) => {
  const lint = (text: string, filename: string) =>
    linter
      .verify(text, [config], { filename })
      .map(({ ruleId, line, message, fatal }) =>
        fatal ? `${String(line)}: ${message}` : `${String(line)}: ${ruleId ?? message}`,
      );

  it('find a password in a manifest, at its line', () => {
    expect(lint(secret(), 'deploy/secret.yaml')).toContain('6: keyturn/no-hardcoded-password');
  });

  it('say what the policy says', () => {
    const policy = policies.find(({ facts }) => facts.id === 'no-hardcoded-password');
    const [message] = linter.verify(secret(), [config], { filename: 'deploy/secret.yaml' });
    expect(message?.message).toContain(policy?.facts.fix);
    expect(message?.message).not.toContain('correct-horse');
    expect(plugin.rules['no-hardcoded-password']?.meta.docs?.url).toBe(pageOf('no-hardcoded-password'));
  });

  it('accept what somebody accepted with a reason', () => {
    const accepted = secret(
      '  # keyturn-ignore-next-line no-hardcoded-password -- a cluster for tests (until 2999-01-01)\n',
    );
    const expired = accepted.replace('2999', '2001');
    const disabled = secret('  # eslint-disable-next-line keyturn/no-hardcoded-password -- a cluster for tests\n');
    expect(lint(accepted, 'deploy/secret.yaml')).toEqual([]);
    expect(lint(disabled, 'deploy/secret.yaml')).toEqual([]);
    expect(lint(expired, 'deploy/secret.yaml')).toEqual([
      '6: keyturn/exception-expired',
      '7: keyturn/no-hardcoded-password',
    ]);
  });

  it('judge a Pulumi program in YAML', () => {
    const program = 'name: shop\nruntime: yaml\nresources:\n  db:\n    type: aws:secretsmanager:Secret\n';
    expect(lint(program, 'infra/Pulumi.yaml')).toEqual(['4: keyturn/require-rotation-schedule']);
  });

  it('say where a manifest is no YAML, and leave templates alone', () => {
    expect(lint('apiVersion: v1\nkind: [Secret\n', 'deploy/secret.yaml')).toEqual([
      expect.stringMatching(/^\d: Parsing error: it is not valid YAML/),
    ]);
    expect(lint('apiVersion: v1\nkind: {{ .Values.kind }}\n', 'chart/templates/secret.yaml')).toEqual([]);
  });

  it('read the values of a chart that are written out', () => {
    const chart = secret('  user: {{ .Values.user }}\n').replace('name: db', 'name: "{{ .Release.Name }}-db"');
    expect(lint(chart, 'chart/templates/secret.yaml')).toContain('7: keyturn/no-hardcoded-password');
  });

  it('judge compose files, .env files, templates, scripts and workflows', () => {
    const alter = `psql -c "ALTER USER app PASSWORD '$NEW'"`;
    const password = 'keyturn/no-hardcoded-password';
    for (const [file, text, found] of [
      ['compose.yaml', 'services:\n  db:\n    environment:\n      DB_PASSWORD: horse-9-battery\n', `4: ${password}`],
      ['app/.env', 'DB_PASSWORD=horse-9-battery\n', `1: ${password}`],
      ['app.conf.tmpl', 'host=$HOST\ndb.password=horse-9-battery\n', `2: ${password}`],
      ['bin/rotate.sh', `${alter}\n`, '1: keyturn/no-password-change-in-script'],
      [
        '.github/workflows/ci.yml',
        'jobs:\n  a:\n    env: { DB_PASSWORD: horse-9-battery, B: "${{ secrets.B }}" }\n',
        `3: ${password}`,
      ],
      ['.gitlab-ci.yml', `rotate:\n  script:\n    - ${alter}\n`, '3: keyturn/no-password-change-in-script'],
    ] as const)
      expect(lint(text, file)).toEqual([found]);
    expect(lint('DB_PASSWORD=horse-9-battery\n', '.env.example')).toEqual([]);
  });

  it('say nothing about other YAML', () => {
    expect(lint('password: a-long-word-1\n', 'locales/en.yaml')).toEqual([]);
  });

  it('leave the rules for sources out, and the other way round', () => {
    const both = [plugin.configs.strict as never, config];
    const ids = linter.verify(secret(), both, { filename: 'deploy/secret.yaml' }).map(({ ruleId }) => ruleId);
    expect(ids).toEqual(['keyturn/no-hardcoded-password']);
    const code =
      "import { Pool } from 'pg'; export const p = new Pool({ password: process.env.P, maxLifetimeSeconds: 9 });";
    expect(linter.verify(code, both, { filename: 'a.js' }).map(({ ruleId }) => ruleId)).toEqual([
      'keyturn/require-pool-refresh',
    ]);
  });

  it('work under a parser of YAML too', () => {
    const under = [
      {
        files: ['**/*.yaml'],
        languageOptions: { parser: yamlParser },
        plugins: { keyturn: plugin },
        rules: { 'keyturn/no-hardcoded-password': 'error' },
      },
    ];
    expect(linter.verify(secret(), under as never, { filename: 'a.yaml' }).map(({ ruleId }) => ruleId)).toEqual([
      'keyturn/no-hardcoded-password',
    ]);
  });
});
