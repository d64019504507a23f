import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';

import { type Proof, ProofReader } from './password-proof.js';

// RFC 7677, section 3.
const scram: Proof = {
  method: 'scram',
  clientFirstBare: 'n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
};
const salt = Buffer.from([1, 2, 3, 4]);
const inner = createHash('md5').update('penciluser').digest('hex');
const md5: Proof = {
  method: 'md5',
  user: 'user',
  salt,
  answer: `md5${createHash('md5').update(inner).update(salt).digest('hex')}`,
};
const plain: Proof = { method: 'password', password: 'pencil' };

it.each([
  ['SCRAM-SHA-256, the exchange of RFC 7677', scram],
  ['MD5', md5],
  ['a password in clear', plain],
])('tells which password was used: %s', (_, proof) => {
  const reader = new ProofReader();
  expect(reader.passwordOf(proof, ['other', 'pencil', 'third'])).toBe('pencil');
  expect(reader.passwordOf(proof, ['other', 'Pencil'])).toBeUndefined();
  expect(reader.passwordOf(proof, [])).toBeUndefined();
});

it.each([
  ['no proof', { ...scram, clientFinal: 'c=biws,r=abc' }],
  ['a proof of another length', { ...scram, clientFinal: 'c=biws,r=abc,p=AAAA' }],
  ['no salt', { ...scram, serverFirst: 'r=abc,i=4096' }],
  ['no count', { ...scram, serverFirst: 'r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=x' }],
] as const)('matches nothing when the exchange has %s', (_, proof) => {
  expect(new ProofReader().passwordOf(proof, ['pencil'])).toBeUndefined();
});
