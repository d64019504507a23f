import * as vault from '@pulumi/vault';
import { role } from './role.js';

const mount = new vault.Mount('database', { path: 'database', type: 'database' });
export const name = role('shop', mount.path).name;
