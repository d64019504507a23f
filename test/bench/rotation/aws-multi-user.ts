import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { CreateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsSecretsManager } from '@keyturn/pool/aws-secrets-manager';
import { PartMissing, pythonTool } from '@keyturn/services';
import pg from 'pg';

import { type Contender, type Ground, refreshMs } from './contender.js';
import { followingApplication } from './following-application.js';

/**
 * The alternating users of AWS: its Python template, as it is, warm in one process.
 *
 * @throws PartMissing when the template is not in the folder, or Python lacks what it imports.
 */
export async function awsMultiUser(
  ground: Ground,
  { templates, endpoint, client }: { templates: string; endpoint: string; client: SecretsManagerClient },
): Promise<Contender> {
  const folder = path.resolve(templates, 'SecretsManagerRDSPostgreSQLRotationMultiUser');
  if (!existsSync(path.join(folder, 'lambda_function.py'))) {
    throw new PartMissing('the AWS templates', `${folder} has no lambda_function.py`);
  }
  const { host, port, database, admin, role } = ground;
  const at = { host, port, database };
  const first = { user: role, password: 'FirstPasswordOfTheShop01' };
  const root = new pg.Client({ ...at, ...admin });
  await root.connect();
  await root.query(`CREATE USER ${role} PASSWORD '${first.password}'`);
  await root.end();

  const common = { engine: 'postgres', host, port, dbname: database, ssl: false };
  const create = async (name: string, login: Ground['admin'], more: object): Promise<string> => {
    const { user: username, password } = login;
    const value = JSON.stringify({ ...common, ...more, username, password });
    const { ARN } = await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
    if (ARN === undefined) throw new Error(`Secrets Manager gave ${name} no ARN.`);
    return ARN;
  };
  await create(role, first, { masterarn: await create(`${role}-master`, admin, {}) });
  const template = await startTemplate(folder, endpoint, role);
  return {
    name: 'AWS MultiUser template',
    owner: role,
    rotate: template.rotate,
    startApplication: () => {
      const source = awsSecretsManager({ client, secretId: role, pollMillis: refreshMs });
      return Promise.resolve(followingApplication(at, source, template.rotate));
    },
    stop: template.stop,
  };
}

/** PyGreSQL is the driver that the template imports. */
const drivers = 'PyGreSQL==6.2.3';

async function startTemplate(
  folder: string,
  endpoint: string,
  secretId: string,
): Promise<{ rotate(): Promise<void>; stop(): Promise<void> }> {
  const python = await pythonTool({ requirement: `boto3==1.43.11 ${drivers}`, command: 'python' });
  const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'aws_templates.py');
  const child = spawn(python, [script, folder, secretId], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      SECRETS_MANAGER_ENDPOINT: endpoint,
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      PYTHONDONTWRITEBYTECODE: '1',
    },
  });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => (complaints = (complaints + String(text)).slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new PartMissing('the AWS template', `Python ended: ${complaints.trim()}`);
    return String(value);
  };
  const expected = async (wanted: string): Promise<void> => {
    const line = await answer();
    if (line !== wanted) throw new Error(`The AWS template ${line}`);
  };
  await expected('ready');
  return {
    rotate: async () => {
      child.stdin.write('rotate\n');
      await expected('done');
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
