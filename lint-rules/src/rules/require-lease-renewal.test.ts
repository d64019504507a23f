import { table } from '../table.testing.js';
import rule from './require-lease-renewal.js';

const vault = "import nodeVault from 'node-vault';\nconst vault = nodeVault({ endpoint, token });\n";

table(rule, {
  fine: [
    {
      name: 'a lease that is kept',
      code: `${vault}export async function open() { const { data, lease_id } = await vault.read('database/creds/app'); keep(lease_id); return connect(data); }`,
    },
    {
      name: 'an answer that goes on as a whole',
      code: `${vault}export async function open() { const answer = await vault.read('database/creds/app'); keep(answer); return answer.data; }`,
    },
    {
      name: 'a static credential',
      code: `${vault}export const read = async () => (await vault.read('database/static-creds/app')).data;`,
    },
    {
      name: 'a KV engine',
      code: `${vault}export const read = async () => (await vault.read('secret/data/app')).data; // not /creds/`,
    },
    {
      name: 'a reader of another package',
      code: "import { vault } from './vault.js';\nexport const read = async () => (await vault.read('database/creds/app')).data;",
    },
    {
      name: 'a renewal that is watched',
      code: `${vault}vault.on('lease:error:renew', again);\nexport const keep = (id) => vault.startLeaseRenewal(id, 3600);`,
    },
    {
      name: 'a renewal of another package',
      code: "import { keeper } from './keeper.js';\nkeeper.startLeaseRenewal(id, 3600);",
    },
    {
      name: 'a script that ends its work',
      code: `${vault}const { data } = await vault.read('database/creds/app');\nconst client = connect(data);\nawait client.end();`,
    },
    {
      name: 'a test',
      code: `${vault}const { data } = await vault.read('database/creds/app');\nuse(data);`,
      filename: 'test/vault.ts',
    },
  ],
  wrong: [
    {
      name: 'only the data is taken',
      code: `${vault}export async function open() { const { data } = await vault.read('database/creds/app'); return connect(data); }`,
      says: [['dropped', { path: 'database/creds/app' }, 3]],
    },
    {
      name: 'only members of the answer are used',
      code: `${vault}export async function open() { const answer = await vault.read('database/creds/app'); return connect(answer.data.username, answer.data.password); }`,
      says: [['dropped', { path: 'database/creds/app' }]],
    },
    {
      name: 'in a callback',
      code: `${vault}export const open = () => vault.read('aws/creds/deploy').then((answer) => connect(answer.data));`,
      says: [['dropped', { path: 'aws/creds/deploy' }]],
    },
    {
      name: 'over HTTP',
      code: "import axios from 'axios';\nexport async function open() { const { data } = await axios.get(`${address}/v1/database/creds/app`, { headers }); return connect(data.data.username, data.data.password); }",
      says: [['dropped', { path: 'database/creds/app' }]],
    },
    {
      name: 'a renewal without its listener',
      code: `${vault}export const keep = (id) => vault.startLeaseRenewal(id, 3600);`,
      says: [['noListener', { method: 'startLeaseRenewal', event: 'lease:error:renew' }]],
    },
    {
      name: 'a token without its listener, on a client that is handed over',
      code: `import 'node-vault';\nexport const keep = (client) => client.startTokenRenewal();`,
      says: [['noListener', { method: 'startTokenRenewal', event: 'token:error:renew' }]],
    },
  ],
});
