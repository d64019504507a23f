import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { mask, maskSource } from './masked-source.js';

describe('maskSource', () => {
  it.each([
    ['a.ts', `const a = "x";`, `const a = "${mask}";`],
    ['a.ts', `import pg from 'pg'; require('pg'); import('pg');`, `import pg from 'pg'; require('pg'); import('pg');`],
    ['a.ts', `process.env['DB_PASSWORD']`, `process.env['DB_PASSWORD']`],
    ['a.ts', 'const a = `x${b}y`;', `const a = \`${mask}\${b}${mask}\`;`],
    ['a.ts', 'a(); // was x', `a(); //${mask}`],
    ['a.ts', '{ password: 123456, max: 10 }', `{ password: ${mask}, max: 10 }`],
    ['a.tsx', '<A b="x">y</A>', `<A b="${mask}">${mask}</A>`],
    ['a.ts', 'const a = "x', `const a = "${mask}`],
    ['a.yaml', 'kind: Secret\nname: db\nvalue: x', `kind: Secret\nname: db\nvalue: ${mask}`],
    ['a.yaml', 'stringData:\n  name: x\nname: db', `stringData:\n  name: ${mask}\nname: db`],
    ['a.yaml', 'config: |\n  name: x\n  y\nname: db', `config: |\n  name: ${mask}\n  ${mask}\nname: db`],
    ['a.yaml', 'name: db # was x', `name: ${mask}`],
    ['.env', 'DB_PASSWORD=x', `DB_PASSWORD=${mask}`],
    ['.env', 'KEY="a\nb=c\nd"\nE=f', `KEY=${mask}\n${mask}\n${mask}\nE=${mask}`],
    ['.env', 'PEM\nab/cd\naBc9==\naBc9=\nEMPTY=', `${mask}\n${mask}\n${mask}\n${mask}\nEMPTY=`],
    ['a.yaml', 'tls.key: |\n  ab/cd\n  aBc9==\n  aBc9=', `tls.key: |\n  ${mask}\n${mask}\n${mask}`],
    ['a.sh', 'psql -c "ALTER USER a PASSWORD \'x\'"', mask],
  ])('shows the shape and not the values (%s: %s)', (file, source, shown) => {
    expect(maskSource(file, source).text).toBe(shown);
  });

  it('says where a column went', () => {
    const masked = maskSource('a.ts', `f('longer than the mask', b)`);
    expect(masked.text).toBe(`f('${mask}', b)`);
    expect([1, 3, 4, 10, 27].map((column) => masked.column(1, column))).toEqual([1, 3, 4, 4, 10]);
  });

  it('keeps line breaks in a template, so that lines keep their numbers', () => {
    const masked = maskSource('a.ts', 'a(`one\ntwo`);\nb("x");');
    expect(masked.text).toBe(`a(\`${mask}\n${mask}\`);\nb("${mask}");`);
    expect(masked.column(3, 6)).toBe(8);
  });

  const wrap: Readonly<Record<string, (secret: string) => string>> = {
    'string.ts': (secret) => `const password = ${JSON.stringify(secret)};`,
    'template.ts': (secret) => `const password = \`${secret.replace(/[\\`$]/g, '')}\`;`,
    'comment.ts': (secret) => `// ${secret}`,
    'attribute.tsx': (secret) => `<Login password=${JSON.stringify(secret.replaceAll('"', ''))} />`,
    'secret.yaml': (secret) => `apiVersion: v1\nkind: Secret\nstringData:\n  name: ${JSON.stringify(secret)}`,
    'env.yaml': (secret) => `env:\n  - name: DB_PASSWORD\n    value: ${JSON.stringify(secret)}`,
    '.env': (secret) => `DB_PASSWORD=${secret}`,
  };
  it.each(Object.entries(wrap))('never shows a secret in %s', (file, write) => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{0,6}$/), fc.stringMatching(/^[!-~]{0,6}$/), (before, after) => {
        const source = write(`${before}CANARY${after}`);
        expect(source).toContain('CANARY');
        const masked = maskSource(file, source);
        expect(masked.text).not.toContain('CANARY');
        expect(masked.text.split('\n')).toHaveLength(source.split('\n').length);
      }),
    );
  });
});
