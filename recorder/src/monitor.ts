import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import enginePb from '@pulumi/pulumi/proto/engine_pb.js';
import engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import resourcePb from '@pulumi/pulumi/proto/resource_pb.js';
import resourceGrpc from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import type sourcePb from '@pulumi/pulumi/proto/source_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import structPb from 'google-protobuf/google/protobuf/struct_pb.js';

import { echo, unknownOnWire } from './wire.js';

/** A position as the program's process reported it. */
export interface Frame {
  readonly uri: string;
  readonly line: number;
  readonly column: number;
}

/** One registration, as it came in. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly remote: boolean;
  /** An existing resource that is looked up, not made. */
  readonly read: boolean;
  readonly parent: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: ReadonlyMap<string, readonly string[]>;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  /** Innermost first. */
  readonly frames: readonly Frame[];
}

const features = new Set([
  'secrets',
  'resourceReferences',
  'outputValues',
  'deletedWith',
  'replaceWith',
  'aliasSpecs',
  'transforms',
  'invokeTransforms',
  'parameterization',
  'resourceHooks',
  'errorHooks',
]);

/** Plays the engine for one run of one program: answers as a preview of a new stack would, and writes everything down. */
export class Monitor {
  readonly registrations: Registration[] = [];
  /** What the program logged as an error. */
  readonly errors: string[] = [];
  readonly #server = new Server();
  readonly #project: string;
  readonly #stack: string;
  readonly #onResource: () => void;
  #root = '';
  #finished = false;

  constructor(project: string, stack: string, onResource: () => void = () => undefined) {
    this.#project = project;
    this.#stack = stack;
    this.#onResource = onResource;
    this.#server.addService(resourceGrpc.ResourceMonitorService, this.#resourceMonitor());
    this.#server.addService(engineGrpc.EngineService, this.#engine());
  }

  /** True once the program said that nothing more will come. Old versions of the SDK never say. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Listens at a socket path (`unix:…`) or at a port of loopback (`127.0.0.1:0`). Returns the address to dial. */
  listen(address: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(address.startsWith('unix:') ? address : `127.0.0.1:${port}`);
      });
    });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #urn(type: string, name: string, parent: string): string {
    const parentType = parent.split('::')[2];
    const qualified = parentType === undefined || parentType === 'pulumi:pulumi:Stack' ? type : `${parentType}$${type}`;
    return `urn:pulumi:${this.#stack}::${this.#project}::${qualified}::${name}`;
  }

  #note(registration: Registration): void {
    this.registrations.push(registration);
    this.#onResource();
  }

  #resourceMonitor(): UntypedServiceImplementation {
    return {
      supportsFeature: unary((request: resourcePb.SupportsFeatureRequest) =>
        new resourcePb.SupportsFeatureResponse().setHassupport(features.has(request.getId())),
      ),
      registerResource: unary((request: resourcePb.RegisterResourceRequest) => this.#register(request)),
      readResource: unary((request: resourcePb.ReadResourceRequest) => this.#read(request)),
      registerResourceOutputs: unary(() => new emptyPb.Empty()),
      invoke: unary(() => new providerPb.InvokeResponse().setReturn(structPb.Struct.fromJavaScript({}))),
      call: unary(() => new providerPb.CallResponse().setReturn(structPb.Struct.fromJavaScript({}))),
      registerPackage: unary((request: resourcePb.RegisterPackageRequest) =>
        new resourcePb.RegisterPackageResponse().setRef(`${request.getName()}@${request.getVersion()}`),
      ),
      registerResourceHook: unary(() => new emptyPb.Empty()),
      registerErrorHook: unary(() => new emptyPb.Empty()),
      signalAndWaitForShutdown: unary(() => {
        this.#finished = true;
        return new emptyPb.Empty();
      }),
      getDeploymentInfo: refuse('GetDeploymentInfo'),
      // They are called in the process of the program (`preload/transforms.cts`).
      registerStackTransform: unary(() => new emptyPb.Empty()),
      registerStackInvokeTransform: unary(() => new emptyPb.Empty()),
    };
  }

  #engine(): UntypedServiceImplementation {
    return {
      log: unary((request: enginePb.LogRequest) => {
        if (request.getSeverity() === enginePb.LogSeverity.ERROR) this.errors.push(request.getMessage());
        return new emptyPb.Empty();
      }),
      getRootResource: unary(() => new enginePb.GetRootResourceResponse().setUrn(this.#root)),
      setRootResource: unary((request: enginePb.SetRootResourceRequest) => {
        this.#root = request.getUrn();
        return new enginePb.SetRootResourceResponse();
      }),
      startDebugging: unary(() => new emptyPb.Empty()),
      requirePulumiVersion: unary(() => new enginePb.RequirePulumiVersionResponse()),
    };
  }

  #register(request: resourcePb.RegisterResourceRequest): resourcePb.RegisterResourceResponse {
    const inputs = plain(request.getObject());
    const urn = this.#urn(request.getType(), request.getName(), request.getParent());
    this.#note({
      urn,
      type: request.getType(),
      name: request.getName(),
      custom: request.getCustom(),
      remote: request.getRemote(),
      read: false,
      parent: request.getParent(),
      inputs,
      dependencies: request.getDependenciesList(),
      propertyDependencies: new Map(
        request
          .getPropertydependenciesMap()
          .getEntryList()
          .map(([key]) => [key, request.getPropertydependenciesMap().get(key)?.getUrnsList() ?? []]),
      ),
      ignoreChanges: request.getIgnorechangesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      frames: framesOf(request.getStacktrace(), request.getSourceposition()),
    });
    // No id: a preview does not know it, and callbacks that wait for it do not run.
    return new resourcePb.RegisterResourceResponse().setUrn(urn).setObject(struct(inputs));
  }

  #read(request: resourcePb.ReadResourceRequest): resourcePb.ReadResourceResponse {
    const inputs = plain(request.getProperties());
    const urn = this.#urn(request.getType(), request.getName(), request.getParent());
    this.#note({
      urn,
      type: request.getType(),
      name: request.getName(),
      custom: true,
      remote: false,
      read: true,
      parent: request.getParent(),
      inputs,
      dependencies: request.getDependenciesList(),
      propertyDependencies: new Map(),
      ignoreChanges: [],
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      frames: framesOf(request.getStacktrace(), request.getSourceposition()),
    });
    const isStack = request.getType() === 'pulumi:pulumi:StackReference';
    const outputs = isStack ? { ...inputs, outputs: unknownOnWire, secretOutputNames: unknownOnWire } : inputs;
    return new resourcePb.ReadResourceResponse().setUrn(urn).setProperties(struct(outputs));
  }
}

function unary<Request, Response>(answer: (request: Request) => Response) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    try {
      callback(null, answer(call.request));
    } catch (error) {
      callback({ code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) }, null);
    }
  };
}

function refuse(what: string) {
  return (_call: unknown, callback: sendUnaryData<never>): void =>
    callback({ code: status.UNIMPLEMENTED, details: `The recorder does not implement ${what}.` }, null);
}

function plain(message: structPb.Struct | undefined): Readonly<Record<string, unknown>> {
  return message?.toJavaScript() ?? {};
}

function struct(inputs: Readonly<Record<string, unknown>>): structPb.Struct {
  const echoed = echo(inputs);
  return structPb.Struct.fromJavaScript(echoed as Record<string, structPb.JavaScriptValue>);
}

function framesOf(
  trace: sourcePb.StackTrace | undefined,
  position: sourcePb.SourcePosition | undefined,
): readonly Frame[] {
  const positions = (trace?.getFramesList() ?? []).map((frame) => frame.getPc());
  return [...positions, position]
    .filter((pc) => pc !== undefined)
    .map((pc) => ({ uri: pc.getUri(), line: pc.getLine(), column: pc.getColumn() }))
    .filter(({ uri, line }) => uri !== '' && line > 0);
}
