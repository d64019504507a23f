import { expect, it } from 'vitest';

import { scramVerifier, VerifierError } from './scram.js';

it('makes the verifier of the example in RFC 7677', () => {
  // RFC 7677 section 3: user "user", password "pencil", salt W22ZaJ0SNY7soEsUEjb6gQ==, 4096 iterations. The keys follow from RFC 5802.
  const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
  expect(verifier).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

it('salts each verifier anew', () => {
  expect(scramVerifier('pencil')).not.toBe(scramVerifier('pencil'));
});

it.each(['', 'with space', 'pässword', 'tab\t'])(
  'does not hash what would need SASLprep, and does not show it',
  (password) => {
    expect(() => scramVerifier(password)).toThrow(
      new VerifierError(
        'A password must be printable ASCII without spaces to be hashed here. Let keyturn generate it.',
      ),
    );
  },
);
