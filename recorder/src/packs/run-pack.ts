import path from 'node:path';

import { leaves, type Resource } from '@keyturn/resources';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type analyzerGrpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';

import type { Recording } from '../recording.js';
import { analyzeRequest, stackRequest } from './requests.js';
import { PackError, startPack } from './server.js';

export interface PackOptions {
  /** The folder that holds `PulumiPolicy.yaml`. */
  readonly directory: string;
  /** Milliseconds that all of it may take. Default 60 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface PackPolicy {
  readonly name: string;
  readonly description: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
}

/** What a policy said about one resource, or about the stack. No value that is marked secret is in a message. */
export interface PackViolation {
  readonly policy: string;
  /** Left out where it is about the whole stack. */
  readonly urn?: string;
  readonly message: string;
  /** `undecided`: it needed a value that only the deployment knows. `remediate`: it would change the resource. */
  readonly kind: 'advisory' | 'mandatory' | 'undecided' | 'remediate';
}

export interface PackResult {
  /** As the pack calls itself; the name of its folder where it did not start. */
  readonly name: string;
  readonly version: string;
  /** Only `complete` may count as clean. */
  readonly ended: 'complete' | 'failed';
  /** Half a sentence, when it failed. */
  readonly reason?: string;
  readonly policies: readonly PackPolicy[];
  readonly violations: readonly PackViolation[];
}

/**
 * Runs a CrossGuard policy pack, of anybody, over a recording: remediations, resource policies and stack policies, as a preview would.
 * It runs the pack's code with the rights of the caller. Never throws for what is wrong with the pack: see `ended` and `reason`.
 */
export async function runPack(
  recording: Pick<Recording, 'resources' | 'project' | 'stack'>,
  options: PackOptions,
): Promise<PackResult> {
  const directory = path.resolve(options.directory);
  const timeoutMs = options.timeoutMs ?? 60_000;
  const failed = (reason: string, info?: analyzer.AnalyzerInfo): PackResult => ({
    name: info?.getName() ?? path.basename(directory),
    version: info?.getVersion() ?? '',
    ended: 'failed',
    reason,
    policies: [],
    violations: [],
  });
  let server: Awaited<ReturnType<typeof startPack>>;
  try {
    server = await startPack(directory, '{}', timeoutMs);
  } catch (error) {
    if (error instanceof PackError) return failed(error.message);
    throw error;
  }
  const stop = (): void => server.stop();
  options.signal?.addEventListener('abort', stop, { once: true });
  let info: analyzer.AnalyzerInfo | undefined;
  try {
    const deadline = Date.now() + timeoutMs;
    const { client } = server;
    info = await call<analyzer.AnalyzerInfo>((done) =>
      client.getAnalyzerInfo(new emptyPb.Empty(), new Metadata(), { deadline }, done),
    );
    const violations = await judge(client, recording, deadline);
    return {
      name: info.getName(),
      version: info.getVersion(),
      ended: 'complete',
      policies: info.getPoliciesList().map((policy) => ({
        name: policy.getName(),
        description: policy.getDescription(),
        severity: severities.get(policy.getSeverity()) ?? 'medium',
      })),
      violations,
    };
  } catch (error) {
    return failed(saidBy(error, timeoutMs), info);
  } finally {
    options.signal?.removeEventListener('abort', stop);
    server.stop();
  }
}

const severities: ReadonlyMap<analyzer.PolicySeverity, PackPolicy['severity']> = new Map([
  [analyzer.PolicySeverity.POLICY_SEVERITY_LOW, 'low'],
  [analyzer.PolicySeverity.POLICY_SEVERITY_MEDIUM, 'medium'],
  [analyzer.PolicySeverity.POLICY_SEVERITY_HIGH, 'high'],
  [analyzer.PolicySeverity.POLICY_SEVERITY_CRITICAL, 'critical'],
]);

async function judge(
  client: analyzerGrpc.AnalyzerClient,
  { resources, project, stack }: Pick<Recording, 'resources' | 'project' | 'stack'>,
  deadline: number,
): Promise<PackViolation[]> {
  const configure = new analyzer.AnalyzerStackConfigureRequest()
    .setStack(stack)
    .setProject(project)
    .setOrganization('organization')
    .setDryRun(true);
  await call((done) => client.configureStack(configure, new Metadata(), { deadline }, done)).catch(ignoreUnimplemented);
  const violations: PackViolation[] = [];
  const mask = maskOf(resources);
  for (const resource of resources) {
    const request = analyzeRequest(resource, stack, project);
    const remediated = await call<analyzer.RemediateResponse>((done) =>
      client.remediate(request, new Metadata(), { deadline }, done),
    );
    for (const remediation of remediated.getRemediationsList()) {
      const policy = remediation.getPolicyname();
      const diagnostic = remediation.getDiagnostic();
      const properties = remediation.getProperties();
      if (properties !== undefined) request.setProperties(properties);
      violations.push(
        diagnostic === ''
          ? {
              policy,
              urn: resource.urn,
              kind: 'remediate',
              message: mask(`It changes the resource: ${remediation.getDescription()}`),
            }
          : { policy, urn: resource.urn, kind: 'undecided', message: mask(diagnostic) },
      );
    }
    const response = await call<analyzer.AnalyzeResponse>((done) =>
      client.analyze(request, new Metadata(), { deadline }, done),
    );
    violations.push(...violationsIn(response, mask, resource.urn));
  }
  const known = new Set(resources.map(({ urn }) => urn));
  const response = await call<analyzer.AnalyzeResponse>((done) =>
    client.analyzeStack(stackRequest(resources, stack, project), new Metadata(), { deadline }, done),
  );
  return [
    ...violations,
    ...violationsIn(response, mask).map(({ urn, ...rest }) => ({
      ...rest,
      ...(urn !== undefined && known.has(urn) ? { urn } : {}),
    })),
  ];
}

function violationsIn(
  response: analyzer.AnalyzeResponse,
  mask: (text: string) => string,
  urn?: string,
): PackViolation[] {
  return response.getDiagnosticsList().map((diagnostic) => {
    const about = urn ?? (diagnostic.getUrn() === '' ? undefined : diagnostic.getUrn());
    const waits = /^can't run policy .* during preview: (?<why>.*)$/s.exec(diagnostic.getMessage())?.groups?.['why'];
    const mandatory = diagnostic.getEnforcementlevel() === analyzer.EnforcementLevel.MANDATORY;
    return {
      policy: diagnostic.getPolicyname(),
      ...(about === undefined ? {} : { urn: about }),
      message: mask(waits ?? diagnostic.getMessage()),
      kind: waits !== undefined ? 'undecided' : mandatory ? 'mandatory' : 'advisory',
    };
  });
}

/** Policies see secrets in clear text, and some print what they see. */
function maskOf(resources: readonly Resource[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const { properties } of resources) {
    for (const { value } of leaves(properties)) {
      if (value.kind === 'known' && value.secret && typeof value.value === 'string' && value.value.length >= 4)
        secrets.add(value.value);
    }
  }
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((said, secret) => said.replaceAll(secret, '[secret]'), text);
}

function call<Response>(
  make: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    make((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Packs made with an old SDK know fewer calls. */
function ignoreUnimplemented(error: unknown): void {
  if (codeOf(error) !== 12) throw error;
}

function saidBy(error: unknown, timeoutMs: number): string {
  if (codeOf(error) === 4) return `it did not answer within ${timeoutMs / 1000} s`;
  const said = error instanceof Error && 'details' in error ? String(error.details) : String(error);
  return `it failed: ${said.split('\n')[0] ?? 'no message'}`;
}
