/* eslint-disable @typescript-eslint/no-require-imports -- loaded only when a program needs it, and from the program's own folder */
/**
 * Transforms are functions of the program that an engine calls back while it registers a resource. Here they are called in the process of
 * the program itself, right before the registration leaves it: that needs no server, and no network to reach one.
 */
import path from 'node:path';

type Exports = Record<string, unknown>;
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Done = (error: unknown, response?: { getUrn(): string }) => void;
type Transform = (request: Uint8Array) => Promise<{ getProperties(): unknown; getOptions(): Options | undefined }>;

interface Options {
  getIgnoreChangesList(): string[];
  setIgnoreChangesList(value: string[]): void;
  setAdditionalSecretOutputsList(value: string[]): void;
}
interface Registration {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getParent(): string;
  getObject(): unknown;
  setObject(value: unknown): void;
  getIgnorechangesList(): string[];
  setIgnorechangesList(value: string[]): void;
  getAdditionalsecretoutputsList(): string[];
  getTransformsList(): readonly { getToken(): string }[];
}
interface TransformRequest {
  setType(value: string): void;
  setName(value: string): void;
  setCustom(value: boolean): void;
  setParent(value: string): void;
  setProperties(value: unknown): void;
  setOptions(value: Options): void;
  serializeBinary(): Uint8Array;
}
interface Messages {
  readonly TransformRequest: new () => TransformRequest;
  readonly TransformResourceOptions: new () => Options;
}

const callbacks = new Map<string, Transform>();
const ofStack: string[] = [];
/** By URN: what a resource hands on to its children. */
const ofResource = new Map<string, readonly string[]>();

/** The server that an engine would call, without the server: it only remembers the functions. */
export function patchCallbacks(exports: Exports): void {
  const { CallbackServer } = exports;
  if (typeof CallbackServer !== 'function') return;
  const prototype = CallbackServer.prototype as object;
  exports['CallbackServer'] = function LocalCallbacks(monitor: unknown): object {
    return Object.assign(Object.create(prototype) as object, {
      _callbacks: callbacks,
      _monitor: monitor,
      _pendingRegistrations: 0,
      _awaitQueue: [],
      _server: { forceShutdown: () => undefined },
      _target: Promise.resolve('local'),
    });
  };
}

/** Runs the transforms of a resource, of its parents and of the stack, in the order in which an engine does. */
export function patchMonitorClient(exports: Exports, root: string): void {
  const { ResourceMonitorClient } = exports;
  if (typeof ResourceMonitorClient !== 'function') return;
  const prototype = ResourceMonitorClient.prototype as Record<string, Method | undefined>;
  const { registerResource, registerStackTransform } = prototype;
  if (registerResource === undefined || registerStackTransform === undefined) return;
  prototype['registerStackTransform'] = function remember(callback, ...rest) {
    ofStack.push((callback as { getToken(): string }).getToken());
    return registerStackTransform.call(this, callback, ...rest);
  };
  prototype['registerResource'] = function transformed(message, ...rest) {
    const request = message as Registration;
    const inherited = ofResource.get(request.getParent()) ?? [];
    const own = [...request.getTransformsList().map((each) => each.getToken()), ...inherited];
    const tokens = [...own, ...ofStack];
    if (tokens.length === 0) return registerResource.call(this, message, ...rest);
    const done = rest.at(-1) as Done;
    const answered: Done = (error, response) => {
      if (response !== undefined) ofResource.set(response.getUrn(), own);
      done(error, response);
    };
    return void transform(request, tokens, root).then(
      () => registerResource.call(this, message, ...rest.slice(0, -1), answered),
      (error: unknown) => done(error),
    );
  };
}

async function transform(request: Registration, tokens: readonly string[], root: string): Promise<void> {
  const messages = require(path.join(root, 'proto', 'resource_pb.js')) as Messages;
  for (const token of tokens) {
    const callback = callbacks.get(token);
    if (callback === undefined) continue;
    const options = new messages.TransformResourceOptions();
    options.setIgnoreChangesList(request.getIgnorechangesList());
    options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
    const asked = new messages.TransformRequest();
    asked.setType(request.getType());
    asked.setName(request.getName());
    asked.setCustom(request.getCustom());
    asked.setParent(request.getParent());
    asked.setProperties(request.getObject());
    asked.setOptions(options);
    const answer = await callback(asked.serializeBinary());
    request.setObject(answer.getProperties());
    const changed = answer.getOptions();
    if (changed !== undefined) request.setIgnorechangesList(changed.getIgnoreChangesList());
  }
}
