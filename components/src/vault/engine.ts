import type * as pulumi from '@pulumi/pulumi';

interface Login {
  /** User that makes and drops the others. Its password is replaced by one that only Vault knows, at once. */
  readonly username: pulumi.Input<string>;
  /** Password until the first `up`; worthless afterwards. Give it as a secret. */
  readonly password: pulumi.Input<string>;
}

/** PostgreSQL. The user needs CREATEROLE, `pg_signal_backend`, and from version 16 ADMIN on each shared role. */
export interface PostgresEngine extends Login {
  readonly kind: 'postgres';
  /** With placeholders: `postgresql://{{username}}:{{password}}@db.internal:5432/shop?sslmode=verify-full`. */
  readonly connectionUrl: pulumi.Input<string>;
}

/** MySQL 8. The user needs CREATE USER, and ADMIN on each shared role. */
export interface MysqlEngine extends Login {
  readonly kind: 'mysql' | 'mariadb';
  /** With placeholders: `{{username}}:{{password}}@tcp(db.internal:3306)/?tls=true`. */
  readonly connectionUrl: pulumi.Input<string>;
}

/** Any other plugin of the engine; roles need statements of their own. */
export interface OtherEngine {
  readonly kind: 'other';
  /** Name of the plugin, such as `mongodb-database-plugin`. */
  readonly plugin: string;
  /** The plugin's settings, passed on as they are and kept as secrets. */
  readonly data: Readonly<Record<string, pulumi.Input<string>>>;
}

export type Engine = PostgresEngine | MysqlEngine | OtherEngine;
