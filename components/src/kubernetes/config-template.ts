import { annotations as names, componentTypes, type Duration, type Plan, type Strategy } from '@keyturn/plan';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';

import { parseTemplate, TemplateError } from '../config-template/template.js';
import { makeChild, type Transform } from '../transform.js';
import { syncRefresh } from './synced/refresh.js';
import type { ByExternalSecrets } from './synced/external-secrets.js';
import type { ByVaultAgent } from './synced/vault-agent.js';
import type { ByVaultSecretsOperator } from './synced/vault-secrets-operator.js';
import { renderedAnnotations, renderedSecret } from './template/objects.js';

/** How the application learns of a new file. */
export type Reload =
  /** It looks at the file itself. */
  | { readonly by: 'watch' }
  /** Reloader replaces the pods; put `workloadAnnotations` on the workload. */
  | { readonly by: 'restart' }
  /** The agent signals a process of the pod, which needs `shareProcessNamespace: true` and the same user. */
  | { readonly by: 'signal'; readonly process: string; readonly signal?: 'HUP' | 'USR1' | 'USR2' };

export interface ConfigTemplateArgs {
  /** Required. */
  readonly namespace: pulumi.Input<string>;
  /** Required. What is installed in the cluster, and where the credential is. Operators render into a Secret, the agent into a file. */
  readonly by: ByExternalSecrets | ByVaultSecretsOperator | ByVaultAgent;
  /** Required. Name of a file → its template, with `${DB_USER}`, `${DB_PASSWORD}` and, if you like, `${DB_GENERATION}`. */
  readonly files: Readonly<Record<string, string>>;
  /** Optional. Filled in at once, for other variables of the templates. They stay as they are otherwise. Default: none. */
  readonly values?: Readonly<Record<string, string>>;
  /** Required. */
  readonly reload: Reload;
  /** Required. How often the credential rotates, and how long consumers hold it after it arrived in the pod. Default strategy: `dual-user`. */
  readonly plan: Omit<Plan, 'strategy'> & { readonly strategy?: Strategy };
  /** Optional. Name of the Secret. Default: the component's name. */
  readonly secretName?: string;
  /** Optional. How often the store is read. Default: a quarter of what the plan leaves, at most 15 minutes. */
  readonly refresh?: Duration;
  /** Optional. Changes the child before it is made. How often it refreshes cannot be changed. */
  readonly transform?: { readonly object?: Transform<kubernetes.apiextensions.CustomResourceArgs> };
}

/** Where the rendered files are. */
export type RenderedFiles =
  | {
      readonly kind: 'secret';
      readonly secretName: string;
      readonly workloadAnnotations: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'agent'; readonly folder: string; readonly podAnnotations: Readonly<Record<string, string>> };

const keyOfSecret = /^[-._a-zA-Z0-9]{1,253}$/;

/** Configuration files with the credential in them, rendered again whenever it changes: templates of envsubst, without envsubst. */
export class ConfigTemplate extends pulumi.ComponentResource {
  static readonly type = componentTypes.kubernetesConfigTemplate;

  readonly rendered: RenderedFiles;
  /** The plan with the links that this component adds in front of every chain. */
  readonly plan: pulumi.Output<Plan>;
  /** Name of the Secret, or folder of the files, once the object is in the cluster. */
  readonly ready: pulumi.Output<string>;

  /**
   * @throws TemplateError when a template lacks user or password, or nobody could do what `reload` asks for.
   * @throws PlanError when the credential cannot arrive before the next rotation; the message names the links and the numbers.
   */
  constructor(name: string, args: ConfigTemplateArgs, opts?: pulumi.ComponentResourceOptions) {
    const { by, reload, secretName = name, values, transform = {} } = args;
    checkFiles(args);
    const files = Object.fromEntries(
      Object.entries(args.files).map(([file, template]) => [file, parseTemplate(template, values)]),
    );
    const { ms, plan } = syncRefresh(by, { strategy: 'dual-user', ...args.plan }, args.refresh);
    const annotations = { [names.plan]: JSON.stringify(plan), [names.strategy]: plan.strategy };
    super(ConfigTemplate.type, name, { by: by.kind, files: Object.keys(files), reload: reload.by, plan }, opts);

    if (by.kind === 'vault-agent-injector') {
      const command = reload.by === 'signal' ? `pkill -${reload.signal ?? 'HUP'} -x ${reload.process}` : undefined;
      const podAnnotations = { ...annotations, ...renderedAnnotations(by, files, ms, command) };
      this.rendered = { kind: 'agent', folder: '/vault/secrets', podAnnotations };
      this.ready = pulumi.output('/vault/secrets');
    } else {
      const object = renderedSecret(by, files, secretName, ms, annotations);
      const child = makeChild<kubernetes.apiextensions.CustomResourceArgs, kubernetes.apiextensions.CustomResource>(
        kubernetes.apiextensions.CustomResource,
        {
          name: `${name}-object`,
          args: {
            apiVersion: object.apiVersion,
            kind: object.kind,
            metadata: { name: secretName, namespace: args.namespace, annotations },
            spec: object.spec,
          },
          options: { parent: this },
          transform: transform.object,
          fixed: { apiVersion: 'it says what is installed.', kind: 'it says what is installed.' },
          fixedPaths: { [object.timedAt ?? 'spec']: 'the plan counts on it. Use `refresh`.' },
        },
      );
      const workloadAnnotations: Readonly<Record<string, string>> =
        reload.by === 'restart' ? { 'secret.reloader.stakater.com/reload': secretName } : {};
      this.rendered = { kind: 'secret', secretName, workloadAnnotations };
      this.ready = child.id.apply(() => secretName);
    }
    this.plan = pulumi.output(plan);
    this.registerOutputs({ rendered: this.rendered, plan: this.plan, ready: this.ready });
  }
}

function checkFiles({ files, reload, by }: ConfigTemplateArgs): void {
  const wrong = Object.keys(files).find((file) => !keyOfSecret.test(file));
  if (wrong !== undefined || Object.keys(files).length === 0) {
    throw new TemplateError(
      wrong === undefined
        ? 'There is no file to render. Write `files`, such as { "app.conf": "user=${DB_USER} password=${DB_PASSWORD}" }.'
        : `"${wrong}" cannot be a file of a Secret. Use letters, digits, "-", "_" and ".".`,
    );
  }
  if (reload.by === 'signal' && by.kind !== 'vault-agent-injector') {
    throw new TemplateError(
      'An operator writes a Secret and tells no process. Write `reload: { by: "watch" }` or `{ by: "restart" }`, or render with the Vault Agent injector.',
    );
  }
  if (reload.by === 'restart' && by.kind === 'vault-agent-injector') {
    throw new TemplateError(
      'Reloader sees Secrets, and the agent writes none. Write `reload: { by: "signal", process: "…" }` or `{ by: "watch" }`.',
    );
  }
  if (reload.by === 'signal' && !/^[A-Za-z0-9._-]{1,15}$/.test(reload.process)) {
    throw new TemplateError(
      `\`process\` has to be the name of a process as the kernel shows it, up to 15 letters, got "${reload.process}".`,
    );
  }
}
