import { describe, expect, it } from 'vitest';
import { at, text } from '../value.js';
import { readCompose } from './compose.js';

const source = `services:
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: hunter2
      POSTGRES_USER: \${DB_USER:-app}
      TZ:
  web:
    environment:
      - DB_PASSWORD=a=b
      - API_KEY
`;

describe('readCompose', () => {
  const { resources, notAnalysed } = readCompose(source, { file: 'compose.yaml' });
  const value = (index: number, name: string) =>
    at(resources[index]?.properties ?? { kind: 'absent' }, 'environment', name);

  it('makes a resource of each service', () => {
    expect(resources.map(({ type, name, place }) => [type, name, place?.line])).toEqual([
      ['docker:compose:Service', 'db', 2],
      ['docker:compose:Service', 'web', 8],
    ]);
    expect(notAnalysed).toEqual([]);
    expect(text(at(resources[0]?.properties ?? { kind: 'absent' }, 'image'))).toBe('postgres:16');
  });

  it('reads maps and lists alike, with their lines', () => {
    expect(value(0, 'POSTGRES_PASSWORD')).toMatchObject({ value: 'hunter2', place: { line: 5 } });
    expect(value(1, 'DB_PASSWORD')).toMatchObject({ value: 'a=b', place: { line: 10 } });
  });

  it('knows what the environment sets', () => {
    expect(value(0, 'POSTGRES_USER')).toMatchObject({ kind: 'unknown', provenance: { name: 'DB_USER' } });
    expect(value(0, 'TZ')).toMatchObject({ kind: 'unknown', provenance: { name: 'TZ' } });
    expect(value(1, 'API_KEY')).toMatchObject({ kind: 'unknown', provenance: { name: 'API_KEY' } });
  });

  it('says what is no YAML', () => {
    expect(readCompose('a: [', { file: 'x.yaml' }).notAnalysed[0]?.because).toMatch(
      /^it is not valid YAML \([A-Z_]+\)$/,
    );
  });

  it.each(['', 'services: 3', 'services: { db: 4 }', '- a'])('finds no service in %j', (text) => {
    expect(readCompose(text, { file: 'x.yaml' })).toEqual({ resources: [], notAnalysed: [] });
  });
});
