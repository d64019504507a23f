import type { Database } from '@keyturn/rotation';

import { type AnyKind, anyKind } from '../kind.js';
import { mysql } from './mysql.js';
import { postgres } from './postgres.js';

/** The databases that a configuration can name, by their `kind`. */
export const databaseKinds: readonly AnyKind<Database>[] = [anyKind(postgres), anyKind(mysql)];
