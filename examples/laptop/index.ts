import { DualUserDatabaseRole } from '@keyturn/components/postgres';

import { shop } from './shop';

const role = new DualUserDatabaseRole('shop', shop);

export const users = role.users;
export const ready = role.ready;
