import { describe, expect, it } from 'vitest';
import { noHardcodedPassword } from './policies/no-hardcoded-password.js';
import { modelOf, Origin, resource, says, unknown } from './testing.js';

const base64 = (script: string) => Buffer.from(script).toString('base64');
const instance = (properties: object) => resource('aws:ec2/instance:Instance', 'web', properties);
const machine = (definition: unknown) => resource('aws:sfn/stateMachine:StateMachine', 'nightly', { definition });

describe('credentials in scripts and documents', () => {
  it.each([
    {
      name: 'a shell',
      given: instance({ userData: '#!/bin/sh\nexport DB_PASSWORD="hunter2"\n./start\n' }),
      of: 'DB_PASSWORD',
    },
    {
      name: 'a shell in base64',
      given: instance({ userDataBase64: base64('#!/bin/sh\nPGPASSWORD=hunter2 psql -c "SELECT 1"\n') }),
      of: 'PGPASSWORD',
    },
    {
      name: 'cloud-init',
      given: instance({ userData: '#cloud-config\nusers:\n  - name: app\n    passwd: hunter2-hash\n' }),
      of: 'passwd',
    },
    {
      name: 'a document of Systems Manager',
      given: resource('aws:ssm/document:Document', 'run', {
        content: JSON.stringify({ mainSteps: [{ inputs: { runCommand: ["export API_KEY='s3cr3t-key'"] } }] }),
      }),
      of: 'API_KEY',
    },
    {
      name: 'a state machine',
      given: machine(JSON.stringify({ States: { Login: { Parameters: { Password: 'hunter2' } } } })),
      of: 'Password',
    },
  ])('are found in $name', ({ given, of }) => {
    const [said = '', ...others] = says(noHardcodedPassword, modelOf(given));
    expect(others).toEqual([]);
    expect(said).toContain(`what it gives \`${of}\` is written out in the source.`);
    expect(said).not.toContain('hunter2');
  });

  it('are found by their form where they have no name', () => {
    const given = instance({ userData: 'curl -u app https://x | login AKIA' + 'ABCDEFGHIJKLMNOP\n' });
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([
      'fail: In `userData` of web, a credential is written out in the source.',
    ]);
  });

  it.each([
    { name: 'a variable', given: instance({ userData: 'export DB_PASSWORD="$1"\n' }) },
    { name: 'a command', given: instance({ userData: 'DB_PASSWORD=$(aws secretsmanager get-secret-value)\n' }) },
    { name: 'a template', given: instance({ userData: 'DB_PASSWORD={{ password }}\n' }) },
    { name: 'the name of a secret', given: instance({ userData: 'DB_PASSWORD=arn:aws:secretsmanager:x\n' }) },
    { name: 'a file', given: instance({ userData: 'DB_PASSWORD_FILE=/run/secrets/db\n' }) },
    { name: 'a path of the input', given: machine('{"Parameters":{"Password.$":"$.password","Token":"$.token"}}') },
    { name: 'a parameter of a document', given: machine('{"Parameters":{"Password":{"type":"String"}}}') },
    {
      name: 'the configuration',
      given: instance({ userData: new Origin({ kind: 'secret-config', key: 'a:b' }, 'DB_PASSWORD=hunter2') }),
    },
    { name: 'what is not known', given: instance({ userData: unknown }) },
  ])('are not meant by $name', ({ given }) => {
    expect(says(noHardcodedPassword, modelOf(given))).toEqual([]);
  });
});
