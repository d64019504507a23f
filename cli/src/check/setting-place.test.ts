import { expect, it } from 'vitest';

import { settingPlaces } from './setting-place.js';

const source = `const args = { password: 'x' };
new aws.rds.Instance(
  'db',
  {
    username: 'shop',
    'password': 'y',
    tags: [
      { key: 'a' },
      { key: 'b' },
    ],
    spec: {
      template: given,
    },
  },
);
new aws.rds.Instance('other', args);
`;
const lines = (line: number, property?: string, file = 'index.ts'): readonly number[] =>
  settingPlaces((asked) => (asked === file ? source : undefined))({
    rule: 'no-hardcoded-password',
    severity: 'critical',
    level: 'block',
    message: 'A password.',
    place: { file, line },
    fingerprint: '',
    ...(property === undefined ? {} : { property }),
  }).map((place) => place.line);

it.each([
  { name: 'at its name', line: 2, property: 'password', found: [6] },
  { name: 'at the item of a list', line: 2, property: 'tags[1].key', found: [9] },
  { name: 'at the last step that is written out', line: 2, property: 'spec.template.spec.containers[0]', found: [12] },
  { name: 'nowhere when the resource does not set it', line: 2, property: 'masterPassword', found: [] },
  { name: 'nowhere when the arguments are made elsewhere', line: 16, property: 'password', found: [] },
  { name: 'nowhere on a line that makes no resource', line: 3, property: 'password', found: [] },
])('the property of a finding is found $name', ({ line, property, found }) => {
  expect(lines(line, property)).toEqual(found);
});

it('a finding without a property, or in a file that is no program, has no other place', () => {
  expect(lines(2)).toEqual([]);
  expect(lines(2, 'password', 'a.yaml')).toEqual([]);
});
