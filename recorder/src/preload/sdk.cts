/* eslint-disable @typescript-eslint/no-require-imports -- loaded only when a program needs it, and from the program's own folder */
/** Small changes to the program's own copy of `@pulumi/pulumi`, made file by file as it loads. */
import { settings } from './settings.cjs';
import { report } from './report.cjs';
import { frames, isProgramFile, programCaller, printFrame } from './frames.cjs';
import { deepUnknown, originUrn, unknownOutput } from './unknown.cjs';
import { meaningOf, sentinelFor } from './environment.cjs';
import { patchCallbacks, patchMonitorClient } from './transforms.cjs';
import { settled, watchMissingProperties } from './stand-ins.cjs';
import path from 'node:path';

import type { Sdk } from './unknown.cjs';
type Exports = Record<string, unknown>;
type Method = (this: unknown, ...args: unknown[]) => unknown;

function isRecord(value: unknown): value is Exports {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

/** Replaces one method, when it is there. Old versions lack some. */
function wrap(holder: unknown, name: string, make: (original: Method) => Method): void {
  if (!isRecord(holder)) return;
  const original = holder[name];
  if (isMethod(original)) Reflect.set(holder, name, make(original));
}

function sdkAt(root: string): Sdk {
  const output = require(path.join(root, 'output.js')) as Pick<Sdk, 'Output' | 'unknown'>;
  const resource = require(path.join(root, 'resource.js')) as Pick<Sdk, 'DependencyResource'>;
  return { Output: output.Output, unknown: output.unknown, DependencyResource: resource.DependencyResource };
}

/** Old SDKs take the position from a stack of a certain form, which a stand-in in between does not have. */
let placesAreHidden = false;

function sayPlace(type: string, name: string): void {
  const caller = frames(60).find(({ file }) => isProgramFile(file));
  if (caller !== undefined) report({ type: 'made', resource: type, name, at: printFrame(caller) });
}

/** Frames without parentheses (top level of an ES module) have a position too. */
function patchResource(exports: Exports): void {
  if (settings.answered.includes('members')) watchMissingProperties(exports);
  const { Resource } = exports;
  placesAreHidden = settings.answered.length > 0 || !isRecord(Resource) || !('framePositionRegExp' in Resource);
  if (!isRecord(Resource) || !(Resource['framePositionRegExp'] instanceof RegExp)) return;
  Resource['framePositionRegExp'] =
    /^\s*at (?:.* \()?(?:async )?(?:file:\/\/)?(?<file>[^()]*?):(?<line>[0-9]+):(?<column>[0-9]+)\)?$/;
}

/** Names made from what is not known are texts on the wire, like any other. */
function patchNames(exports: Exports): void {
  for (const name of ['registerResource', 'readResource']) {
    wrap(
      exports,
      name,
      (original) =>
        function register(resource, parent, type, label, ...rest) {
          if (placesAreHidden && typeof type === 'string') sayPlace(type, String(label));
          const text = typeof label === 'object' || typeof label === 'function' ? String(label) : label;
          return original.call(this, resource, parent, type, text, ...rest);
        },
    );
  }
}

/** Asks for output values, so that each leaf arrives with its own secret mark and its own dependencies. */
function patchSerialization(exports: Exports): void {
  wrap(
    exports,
    'serializeResourceProperties',
    (original) =>
      function serialize(label, props, options) {
        const sent = settings.answered.length === 0 ? props : settled(props);
        return original.call(this, label, sent, { ...(isRecord(options) ? options : {}), keepOutputValues: true });
      },
  );
}

function patchInvokes(exports: Exports, root: string): void {
  const plain = (name: string): void =>
    wrap(exports, name, () => (token) => {
      report({ type: 'invoke', token: String(token) });
      return Promise.resolve(
        deepUnknown(sdkAt(root), originUrn('invoke', String(token)), sentinelFor('invoke', String(token))),
      );
    });
  const output = (name: string): void =>
    wrap(exports, name, () => (token) => {
      report({ type: 'invoke', token: String(token) });
      return unknownOutput(sdkAt(root), originUrn('invoke', String(token)));
    });
  plain('invoke');
  plain('invokeSingle');
  plain('callAsync');
  output('invokeOutput');
  output('invokeSingleOutput');
  output('call');
  output('callSingle');
}

/**
 * The marks of a leaf name what it was made from, and no more. With the children of components, as the SDK would have it, a child
 * made from its remote parent waits for its own URN for ever.
 */
function patchDependencies(exports: Exports): void {
  wrap(
    exports,
    'getAllTransitivelyReferencedResourceURNs',
    (original) =>
      async function urns(resources, exclude) {
        if (!(exclude instanceof Set) || exclude.size > 0 || !(resources instanceof Set)) {
          return original.call(this, resources, exclude);
        }
        return new Set(await Promise.all([...resources].map(urnOf)));
      },
  );
}

async function urnOf(resource: unknown): Promise<unknown> {
  const urn = isRecord(resource) ? resource['urn'] : undefined;
  const promise = isRecord(urn) ? urn['promise'] : undefined;
  return isMethod(promise) ? await promise.call(urn) : '';
}

/** A sentinel where JSON is expected is an object that nobody knows. */
function patchJson(root: string): void {
  const { parse } = JSON;
  JSON.parse = (text: string, reviver?: Parameters<typeof parse>[1]): unknown => {
    const written: unknown = text;
    const meaning = meaningOf(typeof written === 'object' ? `${text}` : text);
    if (meaning === undefined) return parse(text, reviver) as unknown;
    return deepUnknown(sdkAt(root), originUrn(meaning.kind, meaning.name), `${text}`);
  };
}

/** The SDK keeps a stack trace of every promise that it makes, some for each property of a resource, and prints it for a debugger. */
function patchPromises(exports: Exports): void {
  wrap(
    exports,
    'debuggablePromise',
    (original) =>
      function debuggablePromise(...args) {
        const { stackTraceLimit } = Error;
        try {
          Error.stackTraceLimit = 0;
          return original.apply(this, args);
        } finally {
          Error.stackTraceLimit = stackTraceLimit;
        }
      },
  );
}

const unreached = new Map<object, { readonly at: string; readonly makesResources: boolean }>();

/** Remembers every callback of the program until it runs. */
function patchApply(exports: Exports): void {
  const { Output } = exports;
  if (!isRecord(Output)) return;
  wrap(
    Output['prototype'],
    'apply',
    (original) =>
      function apply(callback, runWithUnknowns) {
        const caller = isMethod(callback) ? programCaller() : undefined;
        if (caller === undefined || !isMethod(callback)) return original.call(this, callback, runWithUnknowns);
        const ticket = {};
        unreached.set(ticket, { at: printFrame(caller), makesResources: /\bnew\s+[A-Za-z_$]/.test(String(callback)) });
        const watched: Method = function watched(...args) {
          unreached.delete(ticket);
          return callback.apply(this, args);
        };
        return original.call(this, watched, runWithUnknowns);
      },
  );
}

/** Says which callbacks never ran. */
export function reportUnreached(): void {
  for (const { at, makesResources } of unreached.values()) report({ type: 'apply-unreached', at, makesResources });
}

const getters = /^(?<verb>get|require)(?<secret>Secret)?(?<type>Boolean|Number|Object)?$/;

/** Every look-up is reported; what is required and missing is answered with a sentinel of the right type. */
function patchConfig(exports: Exports, root: string): void {
  const { Config } = exports;
  if (!isRecord(Config) || !isRecord(Config['prototype'])) return;
  const { prototype } = Config;
  let depth = 0;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const groups = getters.exec(name)?.groups;
    if (groups === undefined) continue;
    const secret = groups['secret'] !== undefined;
    wrap(
      prototype,
      name,
      (original) =>
        function look(key, ...rest) {
          const bag = isRecord(this) ? String(this['name']) : '';
          const full = `${bag}:${String(key)}`;
          const optional = groups['verb'] === 'get';
          depth += 1;
          try {
            const value = original.call(this, key, ...rest);
            if (depth > 1) return value;
            const answered = optional && value === undefined && settings.optional && groups['type'] === undefined;
            if (value === undefined && !answered) report({ type: 'config-absent', key: full });
            if (value !== undefined || answered) report({ type: 'config', key: full, secret, missing: answered });
            sentinelFor('config', full);
            return answered ? sampleOf(undefined, full, secret, root) : value;
          } catch (error) {
            if (optional || depth > 1 || !isMissing(error)) throw error;
            report({ type: 'config', key: full, secret, missing: true });
            return sampleOf(groups['type'], full, secret, root);
          } finally {
            depth -= 1;
          }
        },
    );
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Missing required configuration variable');
}

function sampleOf(type: string | undefined, key: string, secret: boolean, root: string): unknown {
  const sdk = sdkAt(root);
  if (type === 'Object')
    return deepUnknown(sdk, originUrn(secret ? 'secret-config' : 'config', key), sentinelFor('config', key));
  const value = type === 'Number' ? 1 : type === 'Boolean' ? true : sentinelFor('config', key);
  if (!secret) return value;
  const none = new Set<unknown>();
  return new sdk.Output(
    none,
    Promise.resolve(value),
    Promise.resolve(true),
    Promise.resolve(true),
    Promise.resolve(none),
  );
}

const file =
  /[\\/]@pulumi[\\/]pulumi[\\/](?<name>output|config|resource|runtime[\/](?:debuggable|invoke|rpc|dependsOn|resource|callbacks)|proto[\/]resource_grpc_pb)\.js$/;

/** Called for each file after it was loaded and before anybody else sees its exports. */
export function patchSdkFile(filename: string, exports: unknown): void {
  const match = file.exec(filename);
  if (match === null || !isRecord(exports)) return;
  const name = (match.groups?.['name'] ?? '').replace('\\', '/');
  const root = filename.slice(0, match.index) + `${path.sep}@pulumi${path.sep}pulumi`;
  if (name === 'resource') patchResource(exports);
  else if (name === 'runtime/resource') patchNames(exports);
  else if (name === 'runtime/debuggable') patchPromises(exports);
  else if (name === 'runtime/callbacks') patchCallbacks(exports);
  else if (name === 'proto/resource_grpc_pb') patchMonitorClient(exports, root);
  else if (name === 'runtime/rpc') patchSerialization(exports);
  else if (name === 'runtime/invoke') patchInvokes(exports, root);
  else if (name === 'runtime/dependsOn') patchDependencies(exports);
  else if (name === 'output') patchApply(exports);
  else if (name === 'config') {
    patchConfig(exports, root);
    patchJson(root);
  }
}
