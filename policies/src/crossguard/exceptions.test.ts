import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { accept, type Acceptance } from '../accept.js';
import { ExceptionBook, exceptionsIn, ExceptionsError } from './exceptions.js';

const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-exceptions-'));
const rules = ['require-rotation-schedule', 'no-hardcoded-password'];
const urn = (stack: string, name: string) => `urn:pulumi:${stack}::shop::aws:rds/instance:Instance::${name}`;

afterAll(() => rmSync(folder, { recursive: true }));

describe('exceptionsIn', () => {
  const read = (content: unknown) => {
    const file = path.join(folder, 'exceptions.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return exceptionsIn({ KEYTURN_EXCEPTIONS: file }, rules);
  };
  const one = { rule: 'no-hardcoded-password', urn: urn('*', 'db'), reason: 'moves in May' };

  it('reads a list, and nothing without the variable', () => {
    expect(read([one, { ...one, until: '2027-05-31' }])).toHaveLength(2);
    expect(exceptionsIn({}, rules)).toEqual([]);
  });

  it.each([
    { name: 'no JSON', content: '{', says: /cannot be read as JSON/ },
    {
      name: 'no reason',
      content: [{ rule: one.rule, urn: one.urn }],
      says: /"\/0" must have required property 'reason'/,
    },
    { name: 'an empty reason', content: [{ ...one, reason: ' ' }], says: /"\/0\/reason" must match pattern/ },
    { name: 'an unknown key', content: [{ ...one, untill: '2027-01-01' }], says: /"\/0" has an unknown key "untill"/ },
    { name: 'a date that is none', content: [{ ...one, until: 'May' }], says: /"\/0\/until" must match pattern/ },
    {
      name: 'a rule that does not exist',
      content: [{ ...one, rule: 'no-hardcoded-pasword' }],
      says: /no rule "no-hardcoded-pasword"\. Did you mean "no-hardcoded-password"\?/,
    },
  ])('refuses $name', ({ content, says }) => {
    expect(() => read(content)).toThrow(says);
    expect(() => read(content)).toThrow(ExceptionsError);
  });
});

describe('ExceptionBook', () => {
  const book = (until?: string, today = '2027-05-31') =>
    new ExceptionBook(
      [
        {
          rule: 'no-hardcoded-password',
          urn: urn('*', 'db'),
          reason: 'moves',
          ...(until === undefined ? {} : { until }),
        },
      ],
      () => today,
    );
  const ran = new Set(['no-hardcoded-password']);

  it('covers one rule at one resource, in every stack', () => {
    expect(book().covers('no-hardcoded-password', urn('prod', 'db'))).toBe(true);
    expect(book().covers('no-hardcoded-password', urn('prod', 'other'))).toBe(false);
    expect(book().covers('require-rotation-schedule', urn('prod', 'db'))).toBe(false);
  });

  it.each([
    { today: '2027-05-31', covers: true, says: [] },
    { today: '2027-06-01', covers: false, says: [expect.stringMatching(/^exception-expired: .* until 2027-05-31\./)] },
  ])('holds through its last day: $today', ({ today, covers, says }) => {
    const given = book('2027-05-31', today);
    expect(given.covers('no-hardcoded-password', urn('prod', 'db'))).toBe(covers);
    expect([...given.problems(ran)]).toEqual(says);
  });

  it('says that it covers nothing, when its rule ran', () => {
    expect([...book().problems(ran)]).toEqual([expect.stringMatching(/^exception-unused: /)]);
    expect([...book().problems(new Set())]).toEqual([]);
  });
});

describe('exceptions that the program gives', () => {
  const accepting = (...acceptances: Acceptance[]) => {
    const book = new ExceptionBook(
      [],
      () => '2027-05-31',
      (rule) => rules.includes(rule),
    );
    book.note(urn('dev', 'db'), ['password', ...accept(acceptances).ignoreChanges]);
    return book;
  };
  const rule = 'no-hardcoded-password';
  const reason = 'a throw-away database';

  it('cover findings at their resource and nowhere else', () => {
    const book = accepting({ rule, reason });
    expect(book.covers(rule, urn('dev', 'db'))).toBe(true);
    expect(book.covers(rule, urn('dev', 'other'))).toBe(false);
    expect(book.covers('require-rotation-schedule', urn('dev', 'db'))).toBe(false);
    expect([...book.problems(new Set(rules))]).toEqual([]);
  });

  it('are reported when they are over, cover nothing, or are from a rule that does not exist', () => {
    const book = accepting(
      { rule, reason, until: '2027-05-30' },
      { rule: 'require-rotation-schedule', reason },
      { rule: 'no-such-rule', reason },
    );
    expect(book.covers(rule, urn('dev', 'db'))).toBe(false);
    expect([...book.problems(new Set(rules))].map((text) => text.split(':')[0])).toEqual([
      'exception-expired',
      'exception-unused',
      'exception-malformed',
    ]);
  });

  it.each([
    { name: 'no reason', given: { rule, reason: ' ' }, says: /gives no reason/ },
    { name: 'no rule', given: { rule: '', reason }, says: /needs the id of a rule/ },
    { name: 'a day that is none', given: { rule, reason, until: '2027-02-30' }, says: /"2027-02-30", which is no day/ },
  ])('are refused with $name, where they are written', ({ given, says }) => {
    expect(() => accept(given)).toThrow(says);
  });

  it('leave the other options of the resource as they are', () => {
    const options = accept({ rule, reason }, { protect: true, ignoreChanges: ['password'] });
    expect(options).toMatchObject({ protect: true, ignoreChanges: ['password', expect.any(String)] });
  });
});
