import { at, items, text, type Resource } from '@keyturn/resources';
import { definePolicy, fail, isOfType, notApplicable, notKnown, pass } from '../policy.js';
import { truthOf } from '../truth.js';

/** Type → the switch that turns keys off, where it stands, and the position in which they are off. */
const switches: readonly {
  readonly types: readonly string[];
  readonly path: readonly string[];
  readonly off: 'on' | 'off';
  /** Default: keys. */
  readonly takes?: string;
  /** Only through some of its APIs can it do without. */
  readonly isCosmos?: true;
}[] = [
  {
    types: ['azure-native:documentdb*:DatabaseAccount', 'azure-native:cosmosdb*:DatabaseAccount'],
    path: ['disableLocalAuth'],
    off: 'on',
    isCosmos: true,
  },
  {
    types: [
      'azure-native:eventhub*:Namespace',
      'azure-native:servicebus*:Namespace',
      'azure-native:appconfiguration*:ConfigurationStore',
      'azure-native:search*:Service',
      'azure-native:automation*:AutomationAccount',
      'azure-native:signalrservice*:SignalR',
    ],
    path: ['disableLocalAuth'],
    off: 'on',
  },
  { types: ['azure-native:cognitiveservices*:Account'], path: ['properties', 'disableLocalAuth'], off: 'on' },
  {
    types: ['azure-native:containerservice*:ManagedCluster'],
    path: ['disableLocalAccounts'],
    off: 'on',
    takes: 'local accounts',
  },
  { types: ['azure:cosmosdb/account:Account'], path: ['localAuthenticationDisabled'], off: 'on', isCosmos: true },
  { types: ['azure:appconfiguration/configurationStore:ConfigurationStore'], path: ['localAuthEnabled'], off: 'off' },
  { types: ['azure:servicebus/namespace:Namespace'], path: ['localAuthEnabled'], off: 'off' },
  { types: ['azure:eventhub/eventHubNamespace:EventHubNamespace'], path: ['localAuthenticationEnabled'], off: 'off' },
];

export const azureLocalAuthEnabled = definePolicy({
  facts: {
    id: 'azure-local-auth-enabled',
    summary: 'Require services of Azure to take identities, and no keys',
    severity: 'low',
    breaks:
      'The keys of the service never expire, and whoever has one needs no identity; each place that holds it has to follow its rotation.',
    fix: 'Switch local authentication off, and let clients use a managed identity.',
  },
  types: switches.flatMap(({ types }) => types),
  needs: 'resource',
  check({ resource }) {
    const found = switches.find(({ types }) => isOfType(resource.type, types));
    if (!found) return pass;
    const value = at(resource.properties, ...found.path);
    const truth = truthOf(value);
    if (truth === found.off) return pass;
    const { takes = 'keys' } = found;
    if (truth === 'unknown') return notKnown(resource, `whether it takes ${takes}`, found.path.join('.'));
    const api = found.isCosmos ? apiOf(resource) : 'sql';
    if (api === 'other') return notApplicable(`the API of ${resource.name} knows no identities`);
    if (api === 'unknown') return notKnown(resource, 'which API it has', 'kind');
    return fail(`${resource.name} takes ${takes}.`, found.path.join('.'), value);
  },
});

/** Cosmos DB takes identities alone through its API for NoSQL only; the policies of Azure leave the others out, too. */
function apiOf({ properties }: Resource): 'sql' | 'other' | 'unknown' {
  const kind = at(properties, 'kind');
  const capabilities = at(properties, 'capabilities');
  const names = items(capabilities).map((each) => at(each, 'name'));
  const isOther = (name: string | undefined) => /^Enable(Mongo|Cassandra|Table|Gremlin)$/i.test(name ?? '');
  const written = text(kind);
  if ((written !== undefined && written !== 'GlobalDocumentDB') || names.some((name) => isOther(text(name))))
    return 'other';
  return [kind, capabilities, ...names].some((value) => value.kind === 'unknown') ? 'unknown' : 'sql';
}
