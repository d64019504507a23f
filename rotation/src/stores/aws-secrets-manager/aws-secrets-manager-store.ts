import { randomUUID } from 'node:crypto';

import type * as SecretsManager from '@aws-sdk/client-secrets-manager';
import type { Credential, VersionStage } from '@keyturn/plan';

import { type Store, StoreConflictError, type StoredCredential, StoreError, type StoredVersion } from '../../store.js';

/** Which secret, and what else stands in it. */
export interface AwsSecretsManagerStoreOptions {
  /** A client of the AWS SDK, with the region and credentials of the rotator. Retries are its own. */
  readonly client: SecretsManager.SecretsManagerClient;
  /** Name or ARN. The secret exists; it may have no value yet. */
  readonly secretId: string;
  /** Further keys of the secret's JSON, such as `host`, `port`, `engine`, `dbname`, `masterarn`. Default: those of the current version. */
  readonly fields?: Readonly<Record<string, string | number>>;
  /** How long a version that was just written may take to become readable, in milliseconds. Default: 10,000. */
  readonly settleMs?: number;
  /** Limit of one call with its retries, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number;
}

const stageNames = { pending: 'AWSPENDING', current: 'AWSCURRENT', previous: 'AWSPREVIOUS' } as const;

type Stages = Readonly<Record<string, readonly string[]>>;

/**
 * A secret in AWS Secrets Manager, with the JSON keys of the AWS rotation templates (`username`, `password` and what else is there) and
 * `generation`. A version's name is its ClientRequestToken. Versions are always read by their id: a staging label may still show the version
 * before for a moment.
 */
export class AwsSecretsManagerStore implements Store {
  readonly name: string;
  readonly #options: AwsSecretsManagerStoreOptions;

  constructor(options: AwsSecretsManagerStoreOptions) {
    this.#options = options;
    this.name = `Secrets Manager ${options.secretId}`;
  }

  async readPublished(): Promise<StoredCredential | undefined> {
    const current = holderOf(await this.#stages(), stageNames.current);
    return current === undefined ? undefined : await this.readVersion(current);
  }

  async readVersion(version: string): Promise<StoredCredential | undefined> {
    const value = await this.#value(version);
    if (value?.SecretString === undefined) return undefined;
    const fields = this.#parse(value.SecretString, version);
    const { username, password, generation } = fields;
    // Secrets Manager deletes a version without labels at a time of its own; until then it still answers.
    if ((value.VersionStages ?? []).length === 0) return undefined;
    if (username === undefined && generation === 0) return undefined;
    if (typeof username !== 'string' || typeof password !== 'string') {
      throw new StoreError(`${this.name}: version ${version} has no "username" and "password". See what wrote it.`);
    }
    return {
      user: username,
      password,
      generation: typeof generation === 'number' ? generation : 0,
      version,
      stage: stageOf(value.VersionStages ?? []),
    };
  }

  async writePending(credential: Credential, { token }: { readonly token: string }): Promise<string> {
    if ((await this.#value(token)) !== undefined) return token;
    // Secrets Manager makes the first version of a secret the current one, whatever label it is given: a candidate must not be the first.
    if (holderOf(await this.#stages(), stageNames.current) === undefined)
      await this.#put(randomUUID(), { generation: 0 }, stageNames.current);
    const { user, password, generation } = credential;
    await this.#put(
      token,
      { ...(await this.#otherFields()), username: user, password, generation },
      stageNames.pending,
    );
    await this.#settled(token);
    return token;
  }

  async publish(version: string, options: { readonly expectedCurrent: string | undefined }): Promise<void> {
    const stages = await this.#stages();
    const current = holderOf(stages, stageNames.current);
    if (current !== version) {
      const published = current === undefined ? undefined : (await this.readVersion(current))?.version;
      if (published !== options.expectedCurrent)
        throw new StoreConflictError(this.name, options.expectedCurrent, published);
      if (stages[version] === undefined && (await this.#value(version)) === undefined) {
        throw new StoreError(`${this.name}: there is no version ${version}, so it cannot be published.`);
      }
      await this.#move(stageNames.current, { to: version, from: current });
    }
    // Left behind, the label would make every later rotation fail.
    if (stages[version]?.includes(stageNames.pending)) await this.#move(stageNames.pending, { from: version });
  }

  async discardPending(version: string): Promise<void> {
    const stages = await this.#stages();
    if (stages[version]?.includes(stageNames.pending)) await this.#move(stageNames.pending, { from: version });
  }

  async versions(): Promise<readonly StoredVersion[]> {
    return Object.entries(await this.#stages()).map(([version, labels]) => ({ version, stage: stageOf(labels) }));
  }

  async #put(token: string, fields: Readonly<Record<string, unknown>>, stage: string): Promise<void> {
    const { PutSecretValueCommand } = await sdk();
    try {
      await this.#options.client.send(
        new PutSecretValueCommand({
          SecretId: this.#options.secretId,
          ClientRequestToken: token,
          SecretString: JSON.stringify(fields),
          VersionStages: [stage],
        }),
        this.#limit(),
      );
    } catch (error) {
      // Another rotator wrote with this token in between: the first write wins.
      if (nameOf(error) !== 'ResourceExistsException') throw this.#failure('write a version', error);
    }
  }

  async #stages(): Promise<Stages> {
    const { DescribeSecretCommand } = await sdk();
    try {
      const { VersionIdsToStages }: SecretsManager.DescribeSecretCommandOutput = await this.#options.client.send(
        new DescribeSecretCommand({ SecretId: this.#options.secretId }),
        this.#limit(),
      );
      return VersionIdsToStages ?? {};
    } catch (error) {
      throw this.#failure('read the versions', error);
    }
  }

  async #value(version: string): Promise<SecretsManager.GetSecretValueCommandOutput | undefined> {
    const { GetSecretValueCommand } = await sdk();
    try {
      return await this.#options.client.send(
        new GetSecretValueCommand({ SecretId: this.#options.secretId, VersionId: version }),
        this.#limit(),
      );
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return undefined;
      throw this.#failure(`read version ${version}`, error);
    }
  }

  async #otherFields(): Promise<Readonly<Record<string, unknown>>> {
    if (this.#options.fields !== undefined) return this.#options.fields;
    const current = holderOf(await this.#stages(), stageNames.current);
    const value = current === undefined ? undefined : await this.#value(current);
    return value?.SecretString === undefined ? {} : this.#parse(value.SecretString, current ?? '');
  }

  #parse(text: string, version: string): Readonly<Record<string, unknown>> {
    try {
      const fields: unknown = JSON.parse(text);
      if (typeof fields === 'object' && fields !== null && !Array.isArray(fields))
        return fields as Record<string, unknown>;
    } catch {
      // The error of the parser would show a piece of the secret.
    }
    throw new StoreError(
      `${this.name}: version ${version} is not a JSON object. The engine reads and writes "username" and "password" of one.`,
    );
  }

  /** Reads are eventually consistent: a version that was just written may not be there for the next reader. */
  async #settled(version: string): Promise<void> {
    const patience = this.#options.settleMs ?? 10_000;
    const started = Date.now();
    for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
      if ((await this.#value(version)) !== undefined) return;
      if (Date.now() - started > patience) {
        throw new StoreError(
          `${this.name}: version ${version} was written and cannot be read after ${patience} ms. Run it again: it goes on where it ended.`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #move(stage: string, { from, to }: { readonly from: string | undefined; readonly to?: string }): Promise<void> {
    const { UpdateSecretVersionStageCommand } = await sdk();
    try {
      await this.#options.client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: this.#options.secretId,
          VersionStage: stage,
          ...(to === undefined ? {} : { MoveToVersionId: to }),
          ...(from === undefined ? {} : { RemoveFromVersionId: from }),
        }),
        this.#limit(),
      );
    } catch (error) {
      // The label was not where we saw it: somebody moved it in between.
      if (nameOf(error) === 'InvalidParameterException' && stage === stageNames.current) {
        throw new StoreConflictError(this.name, from, holderOf(await this.#stages(), stage));
      }
      throw this.#failure(`move ${stage}`, error);
    }
  }

  /** The SDK waits for ever otherwise. */
  #limit(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.#options.timeoutMs ?? 60_000) };
  }

  #failure(what: string, cause: unknown): StoreError {
    return new StoreError(`${this.name}: could not ${what}: ${nameOf(cause)}${hintFor(nameOf(cause))}`, { cause });
  }
}

function hintFor(name: string): string {
  if (name === 'ResourceNotFoundException') return '. Create the secret first, without a value.';
  if (name === 'AccessDeniedException')
    return '. Allow the rotator DescribeSecret, GetSecretValue, PutSecretValue and UpdateSecretVersionStage on it.';
  return '. Run it again: it goes on where it ended.';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error';
}

function holderOf(stages: Stages, stage: string): string | undefined {
  return Object.entries(stages).find(([, labels]) => labels.includes(stage))?.[0];
}

function stageOf(labels: readonly string[]): VersionStage {
  if (labels.includes(stageNames.current)) return 'current';
  return labels.includes(stageNames.pending) ? 'pending' : 'previous';
}

/** The SDK is an optional peer: only who uses this store needs it. */
async function sdk(): Promise<typeof SecretsManager> {
  try {
    return await import('@aws-sdk/client-secrets-manager');
  } catch (cause) {
    throw new StoreError(
      'The AWS Secrets Manager store needs the package @aws-sdk/client-secrets-manager. Install it.',
      { cause },
    );
  }
}
