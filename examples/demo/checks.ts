import path from 'node:path';

import type { Report } from '@keyturn/findings';
import { check } from 'keyturn';

import { home } from './stage.js';

/** What `keyturn check` says about the shop, before and after. */
export interface Checks {
  readonly before: Report;
  readonly after: Report;
}

/** Checks the two Pulumi programs and the two applications. */
export async function checkBoth(signal: AbortSignal): Promise<Checks> {
  const before = await checkShop('before', signal);
  return { before, after: await checkShop('after', signal) };
}

async function checkShop(name: 'before' | 'after', signal: AbortSignal): Promise<Report> {
  const paths = ['infra', 'app'].map((part) => path.join(name, part));
  return await check({ paths, cwd: home, config: false, signal });
}
