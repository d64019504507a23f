import { describe, expect, it } from 'vitest';

import { startHttpService } from './http-service.js';
import { startMoto } from './moto.js';
import { startOpenBao } from './openbao.js';
import { PartMissing, orNotRun } from './part-missing.js';

describe('startOpenBao', () => {
  it('answers the Vault API to its own root token and to no other', { timeout: 300_000 }, async (context) => {
    const { part: bao, because } = await orNotRun(startOpenBao);
    if (!bao) return context.skip(because);
    try {
      const lookup = async (token: string) =>
        (await fetch(`${bao.url}/v1/auth/token/lookup-self`, { headers: { 'X-Vault-Token': token } })).status;
      expect(await lookup(bao.rootToken)).toBe(200);
      expect(await lookup('guess')).toBe(403);
    } finally {
      await bao.stop();
    }
    await expect(fetch(bao.url)).rejects.toThrow();
  });
});

describe('startMoto', () => {
  it('lists no secrets at first', { timeout: 300_000 }, async (context) => {
    const { part: moto, because } = await orNotRun(startMoto);
    if (!moto) return context.skip(because);
    try {
      const response = await fetch(moto.url, {
        method: 'POST',
        body: '{}',
        headers: {
          'x-amz-target': 'secretsmanager.ListSecrets',
          'content-type': 'application/x-amz-json-1.1',
          authorization:
            'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=x',
        },
      });
      expect(await response.json()).toMatchObject({ SecretList: [] });
    } finally {
      await moto.stop();
    }
  });
});

describe('startHttpService', () => {
  it('says what a program that ends early printed', async () => {
    const started = startHttpService({
      name: 'teapot',
      command: process.execPath,
      args: ['-e', "console.error('no tea'); process.exit(7)"],
      url: 'http://127.0.0.1:9',
    });
    await expect(started).rejects.toThrow(PartMissing);
    await expect(started).rejects.toThrow('teapot could not be had: it ended with status 7. Its last words: no tea');
  });
});

describe('orNotRun', () => {
  const missing = async () => await Promise.reject(new PartMissing('teapot', 'the shop is closed'));

  it('gives the reason for a part that is missing', async () => {
    expect(await orNotRun(missing, { optional: true })).toEqual({
      because: 'teapot could not be had: the shop is closed',
    });
  });

  it('does not hide any other error', async () => {
    await expect(orNotRun(async () => await Promise.reject(new TypeError('bug')))).rejects.toThrow(TypeError);
  });
});
