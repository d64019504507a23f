import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Checkov's checks of the same kind over as many resources of CloudFormation, start-up included, or why it was not run. */
export function sideBySide(): string | { readonly resources: number; readonly ms: number } {
  if (spawnSync('checkov', ['--version']).status !== 0) return 'NOT RUN: because `checkov` is not on the PATH';
  const folder = mkdtempSync(path.join(tmpdir(), 'keyturn-checkov-'));
  try {
    const resources: Record<string, object> = {};
    for (let index = 0; index < 1_000; index += 1) {
      resources[`Secret${index}`] = { Type: 'AWS::SecretsManager::Secret', Properties: { Name: `shop/${index}` } };
      resources[`Rotation${index}`] = {
        Type: 'AWS::SecretsManager::RotationSchedule',
        Properties: {
          SecretId: { Ref: `Secret${index}` },
          RotationRules: { AutomaticallyAfterDays: 30 + (index % 200) },
        },
      };
    }
    writeFileSync(
      path.join(folder, 'template.json'),
      JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', Resources: resources }),
    );
    const started = performance.now();
    const { status } = spawnSync(
      'checkov',
      ['-d', folder, '--framework', 'cloudformation', '--compact', '--quiet', '-o', 'json'],
      {
        stdio: 'ignore',
        timeout: 300_000,
      },
    );
    if (status === null) return 'NOT RUN: because `checkov` did not end within 300 s';
    return { resources: Object.keys(resources).length, ms: Math.round(performance.now() - started) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
