import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes a login as Kubernetes mounts a Secret: a folder with the files `username` and `password`, which ends with a line break as many do. */
export function writeMountedLogin(folder: string, user: string, password: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'username'), user);
  writeFileSync(path.join(folder, 'password'), `${password}\n`);
}
