import { describe, expect, it } from 'vitest';
import { at, text } from '../value.js';
import { readEnvFile } from './env-file.js';

function read(source: string, file = '.env') {
  return readEnvFile(source, { file }).resources.map(({ name, properties, place }) => {
    const value = at(properties, 'value');
    const from =
      value.kind === 'unknown' && value.provenance.kind === 'environment' ? value.provenance.name : undefined;
    return [name, from === undefined ? text(value) : { from }, place?.line];
  });
}

describe('readEnvFile', () => {
  it.each([
    { name: 'a plain value', source: 'A=b', is: [['A', 'b', 1]] },
    { name: 'an empty value', source: 'A=', is: [['A', '', 1]] },
    { name: 'export, and a comment behind', source: '\nexport A=b # c', is: [['A', 'b', 2]] },
    { name: 'a hash inside a value', source: 'A=b#c', is: [['A', 'b#c', 1]] },
    { name: 'a quoted value with a hash and an equals sign', source: `A="b # = c"`, is: [['A', 'b # = c', 1]] },
    { name: 'single quotes, which expand nothing', source: `A='$B'`, is: [['A', '$B', 1]] },
    { name: 'a variable', source: 'A=${B}', is: [['A', { from: 'B' }, 1]] },
    { name: 'a variable in quotes', source: 'A="$B"', is: [['A', { from: 'B' }, 1]] },
    {
      name: 'a value of several lines',
      source: 'A="b\nc"\nD=e',
      is: [
        ['A', 'b\nc', 1],
        ['D', 'e', 3],
      ],
    },
    { name: 'an escaped quote', source: String.raw`A="b\"c"`, is: [['A', String.raw`b\"c`, 1]] },
    { name: 'comments and Windows line ends', source: '# x\r\nA=b\r\n', is: [['A', 'b', 2]] },
  ])('reads $name', ({ source, is }) => {
    expect(read(source)).toEqual(is);
  });

  it.each([
    { name: 'a line that sets nothing', source: 'A=b\nhello', says: 'line 2 of .env: it sets no variable' },
    { name: 'an open quote', source: 'A="b', says: 'A in .env: its quote is never closed' },
  ])('reports $name', ({ source, says }) => {
    const { notAnalysed } = readEnvFile(source, { file: '.env' });
    expect(notAnalysed.map(({ what, because }) => `${what}: ${because}`)).toEqual([says]);
  });

  it.each([
    { file: '.env', example: false },
    { file: 'deploy/production.env', example: false },
    { file: 'example/.env', example: false },
    { file: '.env.example', example: true },
    { file: 'app.env.template', example: true },
  ])('$file is an example: $example', ({ file, example }) => {
    const [variable] = readEnvFile('A=b', { file }).resources;
    expect(variable && at(variable.properties, 'example')).toMatchObject({ value: example });
  });
});
