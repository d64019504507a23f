import { proxysqlPort } from '@keyturn/plan';

import { type JobGradually, prometheusPort } from './gradually.js';
import { type JobDatabase, portOf, type Published } from './settings.js';

/** Addresses that the job may reach. */
export interface JobNetwork {
  /** Default: any address, on the database's ports. */
  readonly databaseCidrs?: readonly string[];
  /** Default: any address, on the ports 443 and 6443. */
  readonly apiServerCidrs?: readonly string[];
  /** Default: any address, on Vault's port. */
  readonly vaultCidrs?: readonly string[];
  /** Default: any address, on Prometheus' port. */
  readonly prometheusCidrs?: readonly string[];
  /** The load balancer's and the token service's API of AWS. Default: any address, on port 443. */
  readonly awsCidrs?: readonly string[];
}

interface Egress {
  readonly ports: { protocol: string; port: number }[];
  readonly to?: ({ ipBlock: { cidr: string } } | { namespaceSelector: { matchLabels: Record<string, string> } })[];
}

/** Names, the database, the API server, Vault where it publishes there, Prometheus where it looks at a fleet, and AWS where a load balancer has the traffic; nothing else, and nobody comes in. */
export function jobEgress(
  database: JobDatabase,
  { databaseCidrs, apiServerCidrs, vaultCidrs, prometheusCidrs, awsCidrs }: JobNetwork,
  publishes: Published,
  gradually: JobGradually | undefined,
): Egress[] {
  const consolePort = database.engine === undefined || database.engine === 'postgres' ? [] : [proxysqlPort];
  const consoles = (database.poolers ?? []).flatMap(({ port }) => (port === undefined ? consolePort : [port]));
  const ports = new Set([portOf(database), ...(database.endpoints ?? []).map(({ port }) => port), ...consoles]);
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  return [
    {
      ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
    },
    { ports: [...ports].map(tcp), ...addresses(databaseCidrs) },
    { ports: [443, 6443].map(tcp), ...addresses(apiServerCidrs) },
    ...(publishes.to === 'vault' ? [{ ports: [tcp(publishes.vault.port ?? 8200)], ...addresses(vaultCidrs) }] : []),
    ...(gradually === undefined ? [] : [{ ports: [tcp(prometheusPort(gradually))], ...addresses(prometheusCidrs) }]),
    ...(gradually === undefined || 'route' in gradually ? [] : [{ ports: [tcp(443)], ...addresses(awsCidrs) }]),
  ];
}

function addresses(cidrs: readonly string[] | undefined): Pick<Egress, 'to'> {
  return cidrs === undefined ? {} : { to: cidrs.map((cidr) => ({ ipBlock: { cidr } })) };
}
