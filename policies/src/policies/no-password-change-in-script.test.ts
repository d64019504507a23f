import { readShell } from '@keyturn/resources';
import { describe, expect, it } from 'vitest';
import { modelOfSample, samplesOf } from '../page-samples.js';
import { says } from '../testing.js';
import { noPasswordChangeInScript } from './no-password-change-in-script.js';

const samples = samplesOf('no-password-change-in-script');
const judged = (heading: string) =>
  samples.filter((each) => each.heading === heading).map((each) => says(noPasswordChangeInScript, modelOfSample(each)));
const script = (source: string) => says(noPasswordChangeInScript, readShell(source, { file: 'rotate.sh' }));

describe('no-password-change-in-script', () => {
  it('says what is wrong with the samples of its page', () => {
    expect(judged('Incorrect')).toEqual([
      [
        'fail: `ALTER USER … PASSWORD` takes the old password away at once, and clients that still hold it are refused.',
      ],
      [
        'fail: `sed -i` of a password into a file leaves nothing of the password before, and whoever read that one keeps it.',
      ],
      [
        'fail: `ALTER USER … IDENTIFIED` takes the old password away at once, and clients that still hold it are refused.',
      ],
    ]);
  });

  it('says nothing about what is right', () => {
    expect(judged('Correct')).toEqual([[], [], []]);
  });

  it.each([
    { name: 'a password that is there', source: `psql -c "ALTER USER app PASSWORD 'c4n4ry'"` },
    { name: 'one that a variable holds', source: 'psql -c "ALTER USER app PASSWORD $NEW"' },
    { name: 'one that a command makes', source: `psql -c "ALTER USER app PASSWORD '$(openssl rand -hex 24)'"` },
  ])('names the statement and never the value: $name', ({ source }) => {
    const said = script(source);
    expect(said).toHaveLength(1);
    expect(said.join()).not.toMatch(/c4n4ry|openssl|NEW/);
  });

  it('leaves alone the first password of a user that the script makes', () => {
    expect(script(`CREATE ROLE app LOGIN;\nALTER ROLE app PASSWORD 'x1';`)).toEqual([
      'not applicable: the same script makes that user, so nobody holds an older password',
    ]);
    expect(script(`CREATE ROLE other LOGIN;\nALTER ROLE app PASSWORD 'x1';`)).toHaveLength(1);
  });
});
