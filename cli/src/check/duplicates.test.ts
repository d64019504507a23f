import type { Finding } from '@keyturn/findings';
import { describe, expect, it } from 'vitest';

import { withoutDuplicates } from './duplicates.js';

const source = `const given = 'x';
new aws.rds.Instance('db', {
  username: 'shop',
  password: 'y',
});
new aws.rds.Instance('other', { password: given });
`;
const finding = (rule: string, line: number, file = 'index.ts'): Finding => ({
  rule,
  severity: 'critical',
  level: 'block',
  message: 'A password.',
  place: { file, line },
  fingerprint: `${rule} ${line}`,
});

describe('one mistake that two rules see', () => {
  it.each([
    { name: 'inside the resource that a policy reported', lint: 4, policy: 2, kept: false },
    { name: 'on the line of the resource', lint: 2, policy: 2, kept: false },
    { name: 'at the constant that the resource is given', lint: 1, policy: 6, kept: true },
    { name: 'inside another resource', lint: 6, policy: 2, kept: true },
  ])('a lint finding $name', ({ lint, policy, kept }) => {
    const both = [finding('no-hardcoded-password', policy), finding('no-hardcoded-credential', lint)];
    expect(withoutDuplicates(both, [], () => source)).toHaveLength(kept ? 2 : 1);
    expect(withoutDuplicates(both, [], () => source)[0]?.rule).toBe('no-hardcoded-password');
  });

  it('is not reported by its other name once somebody accepted it', () => {
    const [policy, lint] = [finding('no-hardcoded-password', 2), finding('no-hardcoded-credential', 4)];
    expect(withoutDuplicates([lint], [policy], () => source)).toEqual([]);
    expect(withoutDuplicates([lint], [finding('no-hardcoded-password', 6)], () => source)).toEqual([lint]);
  });

  it('is a secret that nothing rotates, too, and not one of each', () => {
    const policy = finding('require-rotation-schedule', 2);
    expect(withoutDuplicates([policy, finding('require-rotation', 2)], [], () => source)).toEqual([policy]);
    expect(withoutDuplicates([policy, finding('no-hardcoded-credential', 4)], [], () => source)).toHaveLength(2);
  });

  it('stays where the policy said nothing, in another file, by another rule, or without the source', () => {
    const lint = finding('no-hardcoded-credential', 4);
    expect(withoutDuplicates([lint], [], () => source)).toEqual([lint]);
    expect(withoutDuplicates([finding('no-hardcoded-password', 2, 'b.ts'), lint], [], () => source)).toHaveLength(2);
    expect(
      withoutDuplicates([finding('no-hardcoded-password', 2), finding('require-pool-refresh', 4)], [], () => source),
    ).toHaveLength(2);
    expect(withoutDuplicates([finding('no-hardcoded-password', 2), lint], [], () => undefined)).toHaveLength(2);
  });
});
