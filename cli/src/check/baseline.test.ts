import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { JsonReport } from '@keyturn/findings/formats';
import { afterEach, describe, expect, it } from 'vitest';

import { makeWorld, type World } from '../testing.js';

const leak =
  "import { Pool } from 'pg';\nexport const pool = new Pool({ host: 'db', user: 'shop', password: 'c4n4ry-Xq7' });\n";

let world: World | undefined;
afterEach(() => world?.remove());

async function withBaseline() {
  world = makeWorld({ 'a.ts': leak });
  const { folder } = world;
  const keyturn = async (...args: string[]) => {
    const { code, out } = await (world as World).keyturn(
      'check',
      '--format',
      'json',
      '--baseline',
      'base.json',
      ...args,
    );
    return { code, report: out === '' ? undefined : (JSON.parse(out) as JsonReport) };
  };
  const written = await keyturn('--update-baseline');
  return { keyturn, written, file: path.join(folder, 'base.json'), source: path.join(folder, 'a.ts') };
}

describe('a baseline', () => {
  it('covers what was there, shows it, and holds no secret', async () => {
    const { keyturn, written, file } = await withBaseline();
    expect(written.code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('c4n4ry');
    const { code, report } = await keyturn();
    expect(code).toBe(0);
    expect(report?.findings).toEqual([]);
    expect(report?.suppressed.length).toBeGreaterThan(0);
  });

  it('does not cover what is new', async () => {
    const { keyturn, source } = await withBaseline();
    writeFileSync(source, `${leak}export const other = new Pool({ host: 'db', user: 'b', password: 'c4n4ry-Xq8' });\n`);
    const { code, report } = await keyturn();
    expect(code).toBe(1);
    expect(report?.findings.map(({ place }) => place.line)).toContain(3);
  });

  it('is itself found when it lists what is gone, until it is pruned', async () => {
    const { keyturn, source, file } = await withBaseline();
    writeFileSync(source, 'export {};\n');
    const stale = await keyturn();
    expect(stale.report?.findings[0]).toMatchObject({
      rule: 'exception-unused',
      place: { file: 'base.json', line: 4 },
    });
    expect((await keyturn('--prune-baseline')).report?.findings).toEqual([]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ schemaVersion: 1, findings: [] });
    expect((await keyturn()).report?.findings).toEqual([]);
  });

  it('is not rewritten when something could not be analysed', async () => {
    const { keyturn, source, file } = await withBaseline();
    const before = readFileSync(file, 'utf8');
    writeFileSync(source, 'const = ;');
    expect((await keyturn('--update-baseline')).code).toBe(3);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('must exist and be one', async () => {
    const { keyturn, file } = await withBaseline();
    writeFileSync(file, '[]');
    expect((await keyturn()).code).toBe(2);
  });
});
