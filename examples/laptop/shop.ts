import type { DualUserDatabaseRoleArgs } from '@keyturn/components/postgres';

/** The pair: `shop_a` and `shop_b` over the role `shop`, for an application whose pool keeps up within ten seconds. */
export const shop = {
  pair: 'shop',
  database: 'postgres',
  sharedRole: { kind: 'owner' },
  plan: { every: '30 days', consumers: [{ name: 'shop', chain: [{ kind: 'pool', longest: '10s' }] }] },
  connections: { fleet: 4 },
} as const satisfies DualUserDatabaseRoleArgs;
