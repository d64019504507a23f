import { type Duration, dualUsersOf, type DualUsers, milliseconds, type SharedRoleKind } from '@keyturn/plan';

import { type Connections, connectionLimitOf } from '../connection-limit.js';
import type { Part } from '../part.js';

/** The shared role owns the schema and everything in it; the users become it at login. For applications that migrate their own tables. */
export interface OwnerRole {
  readonly kind: 'owner';
  /** Schema to make, owned by the shared role. Default: named like the pair. */
  readonly schema?: string;
  /** Existing roles that may read everything the shared role makes in the schema, now and later. Default: none. */
  readonly readers?: readonly string[];
}

/** The shared role holds rights on objects of another owner, who also runs the migrations. */
export interface GranteeRole {
  readonly kind: 'grantee';
  /** Existing role that owns the objects. */
  readonly owner: string;
  /** Existing schema that holds them. */
  readonly schema: string;
  /** Rights per kind of object, for existing and later objects. Default: read and write rows, use sequences, call functions. */
  readonly privileges?: Partial<GranteePrivileges>;
}

export interface GranteePrivileges {
  readonly table: readonly string[];
  readonly sequence: readonly string[];
  readonly function: readonly string[];
}

export const defaultGranteePrivileges: GranteePrivileges = {
  table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  sequence: ['USAGE', 'SELECT'],
  function: ['EXECUTE'],
};

/** Login defaults of both users, always equal. */
export interface UserSettings {
  /** Default: the schema, then `public`. */
  readonly searchPath?: readonly string[];
  /** Default: the server's. */
  readonly statementTimeout?: Duration;
  /** Default: the server's. */
  readonly idleInTransactionSessionTimeout?: Duration;
}

/** What decides about the roles, and nothing else. */
export interface DualUserModelArgs {
  /** Name of the pair and of its shared role; the users are `<pair>_a` and `<pair>_b`. */
  readonly pair: string;
  /** Existing database. */
  readonly database: string;
  readonly sharedRole: OwnerRole | GranteeRole;
  readonly connections: Connections;
  readonly settings?: UserSettings;
}

/** A role as the provider is asked for it. No property can hold a password. */
export interface RoleInputs {
  readonly name: string;
  readonly login: false;
  readonly inherit: true;
  readonly connectionLimit?: number;
  readonly roles?: string[];
  readonly assumeRole?: string;
  readonly searchPaths?: string[];
  readonly statementTimeout?: number;
  readonly idleInTransactionSessionTimeout?: number;
}

export interface SchemaInputs {
  readonly name: string;
  readonly database: string;
  readonly owner: string;
}

export interface GrantInputs {
  readonly database: string;
  readonly role: string;
  readonly schema: string;
  readonly objectType: 'schema' | 'table' | 'sequence' | 'function';
  readonly privileges: string[];
}

export interface DefaultPrivilegesInputs {
  readonly database: string;
  readonly role: string;
  readonly owner: string;
  readonly schema: string;
  readonly objectType: 'table' | 'sequence' | 'function';
  readonly privileges: string[];
}

/** Which roles, memberships, rights and settings a pair has. Two users that differ in anything but their name cannot be written. */
export interface DualUserModel {
  readonly pair: DualUsers & { readonly name: string };
  readonly kind: SharedRoleKind;
  /** Where the application's objects are. */
  readonly schemaName: string;
  readonly sharedRole: Part<RoleInputs>;
  readonly users: readonly [a: Part<RoleInputs>, b: Part<RoleInputs>];
  readonly schema?: Part<SchemaInputs>;
  readonly grants: readonly Part<GrantInputs>[];
  readonly defaultPrivileges: readonly Part<DefaultPrivilegesInputs>[];
}

/**
 * The model of a pair on PostgreSQL, as plain data.
 *
 * @throws NameError when a name does not fit PostgreSQL.
 * @throws ConnectionLimitError when both users together do not fit the server.
 * @throws DurationError when a timeout cannot be read.
 */
export function dualUserModel(args: DualUserModelArgs): DualUserModel {
  const { pair: name, database, sharedRole: shared, connections, settings = {} } = args;
  const pair = { name, ...dualUsersOf(name) };
  const schema = shared.schema ?? name;
  const common: Omit<RoleInputs, 'name'> = {
    login: false,
    inherit: true,
    connectionLimit: connectionLimitOf(connections),
    roles: [pair.sharedRole],
    ...(shared.kind === 'owner' ? { assumeRole: pair.sharedRole } : {}),
    searchPaths: [...(settings.searchPath ?? [schema, 'public'])],
    ...timeout('statementTimeout', settings.statementTimeout),
    ...timeout('idleInTransactionSessionTimeout', settings.idleInTransactionSessionTimeout),
  };
  const rights =
    shared.kind === 'owner' ? readerRights(database, pair, schema, shared) : granteeRights(database, pair, shared);
  return {
    pair,
    kind: shared.kind,
    schemaName: schema,
    sharedRole: { part: 'shared-role', inputs: { name: pair.sharedRole, login: false, inherit: true } },
    users: [
      { part: 'user-a', inputs: { name: pair.users[0], ...common } },
      { part: 'user-b', inputs: { name: pair.users[1], ...common } },
    ],
    ...(shared.kind === 'owner'
      ? { schema: { part: 'schema', inputs: { name: schema, database, owner: pair.sharedRole } } }
      : {}),
    ...rights,
  };
}

type Rights = Pick<DualUserModel, 'grants' | 'defaultPrivileges'>;

function readerRights(database: string, pair: DualUsers, schema: string, { readers = [] }: OwnerRole): Rights {
  return {
    grants: readers.map((role) => ({
      part: `reader-${role}-schema`,
      inputs: { database, role, schema, objectType: 'schema', privileges: ['USAGE'] },
    })),
    defaultPrivileges: readers.flatMap((role) =>
      (['table', 'sequence'] as const).map((objectType) => ({
        part: `reader-${role}-later-${objectType}s`,
        inputs: { database, role, owner: pair.sharedRole, schema, objectType, privileges: ['SELECT'] },
      })),
    ),
  };
}

function granteeRights(database: string, pair: DualUsers, { owner, schema, privileges }: GranteeRole): Rights {
  const role = pair.sharedRole;
  const perKind = Object.entries({ ...defaultGranteePrivileges, ...privileges }).filter(
    ([, rights]) => rights.length > 0,
  );
  const kinds = perKind as [keyof GranteePrivileges, readonly string[]][];
  return {
    grants: [
      { part: 'schema-usage', inputs: { database, role, schema, objectType: 'schema', privileges: ['USAGE'] } },
      ...kinds.map(([objectType, rights]) => ({
        part: `${objectType}s`,
        inputs: { database, role, schema, objectType, privileges: [...rights] },
      })),
    ],
    defaultPrivileges: kinds.map(([objectType, rights]) => ({
      part: `later-${objectType}s`,
      inputs: { database, role, owner, schema, objectType, privileges: [...rights] },
    })),
  };
}

function timeout<Name extends string>(
  name: Name,
  duration: Duration | undefined,
): Readonly<Partial<Record<Name, number>>> {
  return (duration === undefined ? {} : { [name]: milliseconds(duration) }) as Readonly<Partial<Record<Name, number>>>;
}
