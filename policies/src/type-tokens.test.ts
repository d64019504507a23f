import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, it } from 'vitest';
import { policies } from './policies/index.js';

const require = createRequire(import.meta.url);
const tokens = [...new Set(policies.flatMap(({ types }) => types))].filter((type) =>
  /^(aws|vault|postgresql):[^*]*$/.test(type),
);

it('looks at many types', () => {
  expect(tokens.length).toBeGreaterThan(30);
});

it.each(tokens)('%s is a type of its provider', (token) => {
  const [provider = '', module = ''] = token.split(':');
  const [folder = '', file = ''] = module.split('/');
  const sdk = path.dirname(require.resolve(`@pulumi/${provider}/package.json`));
  const source = path.join(sdk, folder === 'index' ? '' : folder.toLowerCase(), `${file}.js`);
  expect(existsSync(source), source).toBe(true);
  expect(readFileSync(source, 'utf8')).toContain(`__pulumiType = '${token}'`);
});
