import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { storeContract } from '../../contracts/store-contract.js';
import { StoreError } from '../../store.js';
import { EnvFileStore } from './env-file-store.js';

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'keyturn-env-file-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function freshFile(): string {
  files += 1;
  return path.join(folder, `app-${files}.env`);
}

const credential = { user: 'app_a', password: 'FirstPassword0001', generation: 1 };

async function publish(store: EnvFileStore): Promise<void> {
  const version = await store.writePending(credential, { token: 'one' });
  await store.publish(version, { expectedCurrent: undefined });
}

storeContract('EnvFileStore', () => {
  const file = freshFile();
  return Promise.resolve({ store: new EnvFileStore({ path: file }), reopen: () => new EnvFileStore({ path: file }) });
});

it('writes one line per variable, readable by its owner only, also where the file was open to all', async () => {
  const file = freshFile();
  await writeFile(file, 'OLD=1\n', { mode: 0o666 });
  await chmod(file, 0o666);
  await publish(new EnvFileStore({ path: file }));
  expect(await readFile(file, 'utf8')).toBe('DB_USER=app_a\nDB_PASSWORD=FirstPassword0001\nDB_GENERATION=1\n');
  for (const name of [file, `${file}.keyturn`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
});

it('fills in its three variables and leaves others to others', async () => {
  const file = freshFile();
  const template = 'URL=postgres://${DB_USER}:$DB_PASSWORD@db/app # ${HOME} $DB_USERS $DB_GENERATION\n';
  await publish(new EnvFileStore({ path: file, template }));
  expect(await readFile(file, 'utf8')).toBe('URL=postgres://app_a:FirstPassword0001@db/app # ${HOME} $DB_USERS 1\n');
});

it.each([
  { template: 'DB_PASSWORD=${DB_PASSWORD}', lacks: 'DB_USER' },
  { template: 'DB_USER=${DB_USER} ${DB_PASSWORDS}', lacks: 'DB_PASSWORD' },
])('refuses a template without $lacks', ({ template, lacks }) => {
  expect(() => new EnvFileStore({ path: 'app.env', template })).toThrow(
    new StoreError(`The template does not use \${${lacks}}. User and password change together, so it must hold both.`),
  );
});

it('refuses a user whose name would need quotes', async () => {
  const store = new EnvFileStore({ path: freshFile() });
  await expect(store.writePending({ ...credential, user: 'app a' }, { token: 'one' })).rejects.toThrow(
    'The user name "app a" would need quotes in an env file.',
  );
});

it('leaves the candidate out of the file that applications read', async () => {
  const file = freshFile();
  const store = new EnvFileStore({ path: file });
  await publish(store);
  await store.writePending({ user: 'app_b', password: 'SecondPassword002', generation: 2 }, { token: 'two' });
  expect(await readFile(file, 'utf8')).not.toContain('SecondPassword002');
});

it('removes what a killed process left, and its lock', async () => {
  const file = freshFile();
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  const { hostname } = await import('node:os');
  await writeFile(`${file}.keyturn.lock`, `${hostname()} ${gone.pid ?? 0}`);
  await writeFile(path.join(folder, `.${path.basename(file)}.0123.keyturn-new`), 'half');
  await publish(new EnvFileStore({ path: file }));
  const left = (await readdir(folder)).filter((name) => name.includes(path.basename(file)));
  expect(left.sort()).toEqual([path.basename(file), `${path.basename(file)}.keyturn`]);
});

it('changes nothing when the folder cannot be written, and says why without the password', async () => {
  const file = path.join(folder, 'no-such-folder', 'app.env');
  const failure = await publish(new EnvFileStore({ path: file })).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StoreError);
  expect((failure as Error).message).toBe(
    `env-file ${file} cannot be written (ENOENT). Check the folder's rights and free space.`,
  );
});

it('does not show a broken version file', async () => {
  const file = freshFile();
  await writeFile(`${file}.keyturn`, '{"versions": {"password": "FirstPassword0001"');
  await expect(new EnvFileStore({ path: file }).readPublished()).rejects.toThrow(
    new StoreError(
      `${file}.keyturn is not a version file of keyturn. Put it back from a backup; it holds the passwords that are in use.`,
    ),
  );
});

it('tells running processes, and is not troubled by one that is gone', async () => {
  const script = `process.on('SIGHUP', () => { console.log('told'); process.exit(0); }); setInterval(() => {}, 1000); console.log('ready')`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = spawn(process.execPath, ['-e', '']);
  await Promise.all([once(child.stdout, 'data'), once(gone, 'exit')]);
  const pids = (): number[] => [gone.pid ?? 0, child.pid ?? 0];
  const told = once(child.stdout, 'data');
  await publish(new EnvFileStore({ path: freshFile(), notify: { signal: 'SIGHUP', pids } }));
  expect(String((await told)[0])).toBe('told\n');
});
