import type { Client } from './client.js';
import { databaseClients } from './databases.js';
import { frameworkModules } from './framework-modules.js';
import { objectMappers } from './object-mappers.js';
import { storesAndBrokers } from './stores-and-brokers.js';
import { storesOverDrivers } from './stores-over-drivers.js';

export const clients: readonly Client[] = [
  ...databaseClients,
  ...objectMappers,
  ...storesAndBrokers,
  ...storesOverDrivers,
  ...frameworkModules,
];

/** The names of the libraries, for options that say what a client is like. */
export const clientNames: readonly string[] = clients.map((each) => each.name);

/** Packages whose pools and configurations follow a rotation by themselves. */
export const hookedModules: readonly string[] = [
  '@keyturn/pool',
  '@google-cloud/cloud-sql-connector',
  '@aws/aws-advanced-nodejs-wrapper',
  '@aws/aws-dsql-node-postgres-connector',
];

/** Dialects that have no credential. */
export const embeddedDialects: readonly string[] = [
  'sqlite',
  'sqlite3',
  'better-sqlite3',
  'better-sqlite',
  'sqljs',
  'libsql',
  'expo',
  'capacitor',
  'cordova',
];
