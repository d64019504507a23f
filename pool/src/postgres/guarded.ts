import type { Query } from './inner.js';

type Call = (...args: unknown[]) => unknown;

/**
 * The `sql` of a transaction or a reserved connection. In the driver, a query on one whose connection has closed ends the process, for it
 * writes to no socket; here it is rejected.
 */
export function guarded<T extends object>(sql: T, isClosed: () => boolean): T {
  const mine = (made: unknown): unknown => {
    if (!(made instanceof Promise) || typeof (made as unknown as Query).handler !== 'function') return made;
    const query = made as unknown as Query;
    const { handler } = query;
    query.handler = (given) => {
      if (!isClosed()) return handler(given);
      given.reject(Object.assign(new Error('write CONNECTION_CLOSED'), { code: 'CONNECTION_CLOSED' }));
    };
    return query;
  };
  return new Proxy(sql, {
    apply: (target, self, args) => mine(Reflect.apply(target as unknown as Call, self, args)),
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (name === 'unsafe' || name === 'file') return (...args: unknown[]) => mine((value as Call)(...args));
      if (name !== 'savepoint') return value;
      return (...args: unknown[]) => {
        const run = args.pop() as (point: object) => unknown;
        return (value as Call)(...args, (point: object) => run(guarded(point, isClosed)));
      };
    },
  });
}
