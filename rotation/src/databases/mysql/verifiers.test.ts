import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cachingSha2Verifier, isCachingSha2Of, nativeVerifier } from './verifiers.js';

/** Read from a MySQL 8.0.15 after `CREATE USER … IDENTIFIED BY 'Abc12345678901234'`. */
const stored = Buffer.from(
  '24412430303524111A397B032C235D781D2353227D67331D5D267E526F626A6E57724A3353437353584675436D666F45777272656D4B412E353458774B316458386462714E36',
  'hex',
);

describe('cachingSha2Verifier', () => {
  it('is what a server stores', () => {
    expect(isCachingSha2Of('Abc12345678901234', stored)).toBe(true);
    expect(isCachingSha2Of('Abc12345678901235', stored)).toBe(false);
    expect(isCachingSha2Of('Abc12345678901234', stored.subarray(0, 69))).toBe(false);
  });

  it('is printable, and another one each time', () => {
    const passwords = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(passwords, (password) => {
        const verifier = cachingSha2Verifier(password);
        expect(verifier).toMatch(/^\$A\$005\$[./0-9A-Za-z]{63}$/);
        expect(verifier).not.toBe(cachingSha2Verifier(password));
        expect(isCachingSha2Of(password, Buffer.from(verifier))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

describe('nativeVerifier', () => {
  it('is what PASSWORD() makes of it', () => {
    expect(nativeVerifier('foobar')).toBe('*9B500343BC52E2911172EB52AE5CF4847604C6E5');
  });
});
