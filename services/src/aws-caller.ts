import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { awsCallerProgram } from './aws-caller-program.js';
import { motoRequirement } from './moto-requirement.js';
import { pythonTool } from './python.js';

/** An AWS API, or the model that AWS publishes of it, refused a call. */
export class AwsRefusal extends Error {
  override readonly name = 'AwsRefusal';
}

/** One call, in the words of the API's published model: `secretsmanager`, `CreateSecret`, `{ Name: … }`. */
export interface AwsCall {
  /** As boto3 spells it: `lambda`, `stepfunctions`. */
  readonly service: string;
  readonly operation: string;
  /** An object `{ $zip: { name: path } }` becomes a ZIP file of those files. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Default: `eu-west-1`. */
  readonly region?: string;
}

/** Calls any AWS API by the names of its model, and is as strict as the model. */
export interface AwsCaller {
  /** @throws AwsRefusal when the model does not allow the call, or the API refuses it. */
  call(call: AwsCall): Promise<Readonly<Record<string, unknown>>>;
  stop(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly refused?: string;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * boto3 in a process of its own, against an endpoint such as moto's. Every call is checked against the model that AWS publishes of the API
 * (parameters, types, lengths, patterns, sets of values) before it is sent.
 *
 * @throws PartMissing when Python or the package cannot be had.
 */
export async function startAwsCaller(endpoint: string): Promise<AwsCaller> {
  const python = await pythonTool({ requirement: motoRequirement, command: 'python' });
  // Its loop ends with its standard input, so it does not outlive this process.
  const child = spawn(python, ['-c', awsCallerProgram, endpoint], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const waiting = new Map<number, Waiting>();
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => (lastWords = `${lastWords}${chunk.toString()}`.slice(-1_000)));
  const ended = new Promise<void>((resolve) => {
    const end = (because: string): void => {
      for (const { reject } of waiting.values()) reject(new Error(`The AWS caller ended: ${because} ${lastWords}`));
      waiting.clear();
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `status ${String(code)}.`));
  });
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const reply = JSON.parse(line) as Reply;
    waiting.get(reply.id)?.resolve(reply);
    waiting.delete(reply.id);
  });

  let last = 0;
  return {
    call: async ({ service, operation, parameters, region = 'eu-west-1' }) => {
      const id = (last += 1);
      const reply = await new Promise<Reply>((resolve, reject) => {
        if (child.exitCode !== null || child.stdin.destroyed) reject(new Error('The AWS caller was stopped.'));
        waiting.set(id, { resolve, reject });
        child.stdin.write(`${JSON.stringify({ id, service, region, operation, parameters })}\n`);
      });
      if (reply.answer === undefined) throw new AwsRefusal(`${service} ${operation}: ${reply.refused ?? ''}`);
      return reply.answer;
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
