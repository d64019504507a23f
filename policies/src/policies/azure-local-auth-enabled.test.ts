import { describe, expect, it } from 'vitest';
import { modelOfYaml, samplesOf } from '../page-samples.js';
import { hidden, modelOf, resource, says, unknown } from '../testing.js';
import { azureLocalAuthEnabled } from './azure-local-auth-enabled.js';

const samples = samplesOf('azure-local-auth-enabled').filter(({ language }) => language === 'yaml');
const incorrect = samples.filter(({ heading }) => heading === 'Incorrect').map(({ code }) => modelOfYaml(code));
const correct = samples.filter(({ heading }) => heading === 'Correct').map(({ code }) => modelOfYaml(code));

describe('azure-local-auth-enabled', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(incorrect.map((model) => says(azureLocalAuthEnabled, model))).toEqual([
      ['fail: bus takes keys.'],
      ['fail: bus takes keys.'],
      ['fail: store takes keys.'],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(correct.map((model) => says(azureLocalAuthEnabled, model))).toEqual([[], []]);
  });

  it('does not decide when `disableLocalAuth` is not known', () => {
    expect(says(azureLocalAuthEnabled, hidden(incorrect[1], 'bus', ['disableLocalAuth']))).toEqual([
      'undecided: bus: whether it takes keys is not known before the deployment',
    ]);
  });

  const accounts = ['azure-native:documentdb:DatabaseAccount', 'azure:cosmosdb/account:Account'];
  const toldOf = (type: string, properties: object) =>
    says(azureLocalAuthEnabled, modelOf(resource(type, 'store', properties)));

  it.each(accounts)('leaves an API of Cosmos DB that knows no identities alone: %s', (type) => {
    expect(toldOf(type, { kind: 'MongoDB' })).toEqual(['not applicable: the API of store knows no identities']);
    expect(toldOf(type, { capabilities: [{ name: 'EnableServerless' }, { name: 'EnableCassandra' }] })).toEqual([
      'not applicable: the API of store knows no identities',
    ]);
  });

  it.each(accounts)('finds the API of Cosmos DB for NoSQL with keys: %s', (type) => {
    expect(toldOf(type, { kind: 'GlobalDocumentDB', capabilities: [{ name: 'EnableServerless' }] })).toEqual([
      'fail: store takes keys.',
    ]);
    expect(toldOf(type, {})).toEqual(['fail: store takes keys.']);
  });

  it.each([{ kind: unknown }, { capabilities: unknown }, { capabilities: [{ name: unknown }] }])(
    'does not decide while the API of Cosmos DB is not known: %o',
    (properties) => {
      expect(toldOf('azure-native:documentdb:DatabaseAccount', properties)).toEqual([
        'undecided: store: which API it has is not known before the deployment',
      ]);
    },
  );

  it('says that a cluster takes local accounts', () => {
    expect(toldOf('azure-native:containerservice:ManagedCluster', {})).toEqual(['fail: store takes local accounts.']);
  });
});
