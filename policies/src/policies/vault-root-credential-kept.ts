import { at, text, type Resource, type Value } from '@keyturn/resources';
import { definePolicy, fail, notKnown, pass, type PolicyContext } from '../policy.js';
import { isWritten } from '../truth.js';

const endpoint = 'vault:generic/endpoint:Endpoint';

/** Properties of a connection that hold the login of a database. */
const engines: ReadonlySet<string> = new Set([
  'cassandra',
  'couchbase',
  'elasticsearch',
  'hana',
  'influxdb',
  'mongodb',
  'mongodbatlas',
  'mssql',
  'mysql',
  'mysqlAurora',
  'mysqlLegacy',
  'mysqlRds',
  'oracle',
  'postgresql',
  'redis',
  'redshift',
  'snowflake',
]);

export const vaultRootCredentialKept = definePolicy({
  facts: {
    id: 'vault-root-credential-kept',
    summary: 'Require Vault to rotate the credential that it was given for a database',
    severity: 'high',
    breaks: 'The most powerful password of the database is in the state of the stack, and stays valid.',
    fix: 'Rotate it right after the connection is made: write to `database/rotate-root/<name>`, or set `rotationPeriod`.',
  },
  types: ['vault:database/secretBackendConnection:SecretBackendConnection'],
  needs: 'graph',
  check(context) {
    const { resource } = context;
    const passwords = [...resource.properties.fields].filter(
      ([key, block]) => engines.has(key) && isWritten(at(oneOf(block), 'password')) !== 'no',
    );
    const [first] = passwords;
    if (!first) return pass;
    const [key, block] = first;
    const scheduled = ['rotationPeriod', 'rotationSchedule'].map((name) => isWritten(at(resource.properties, name)));
    if (scheduled.includes('yes')) return pass;
    const rotated = rotatedBy(context);
    if (rotated === 'yes') return pass;
    const password = at(oneOf(block), 'password');
    if (
      scheduled.includes('unknown') ||
      rotated === 'unknown' ||
      (block.kind === 'unknown' && password.kind === 'unknown')
    ) {
      return notKnown(resource, 'whether Vault rotates the credential', key);
    }
    return fail(`${resource.name} gives Vault a password, and nothing rotates it.`, `${key}.password`, password);
  },
});

function oneOf(block: Value): Value {
  return block.kind === 'list' ? at(block, 0) : block;
}

function rotatedBy({ graph, resource }: PolicyContext): 'yes' | 'no' | 'unknown' {
  let answer: 'no' | 'unknown' = 'no';
  for (const other of graph.ofType(endpoint)) {
    const path = at(other.properties, 'path');
    const written = text(path);
    if (written !== undefined) {
      const name = text(at(resource.properties, 'name')) ?? resource.name;
      if (/(^|\/)rotate-root\//.test(written) && written.endsWith(`/${name}`)) return 'yes';
    } else if (dependsOn(other, resource)) {
      return 'yes';
    } else if (path.kind === 'unknown' && path.provenance.kind === 'unknown') {
      answer = 'unknown';
    }
  }
  return answer;
}

function dependsOn(other: Resource, resource: Resource): boolean {
  return (other.propertyDependencies.get('path') ?? []).includes(resource.urn);
}
