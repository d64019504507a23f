import * as pulumi from '@pulumi/pulumi';

/** A child as the engine would get it. */
export interface Built {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const made = new Map<string, Built>();

/** Answers registrations with what was asked for; to be called before anything is built. */
export async function mockEngine(): Promise<void> {
  await pulumi.runtime.setMocks({
    newResource: ({ name, type, inputs }) => {
      const given = JSON.parse(JSON.stringify(inputs)) as Record<string, unknown>;
      made.set(name, { type, inputs: given });
      return { id: `${name}-id`, state: given };
    },
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
}

/** The inputs that a child was registered with. */
export function inputsOf(name: string): Readonly<Record<string, unknown>> {
  const built = made.get(name);
  if (built === undefined) throw new Error(`There is no "${name}". There are: ${[...made.keys()].join(', ')}.`);
  return built.inputs;
}

/** Everything that was registered under a name that starts with the prefix, as Kubernetes objects. */
export function objectsOf(prefix: string): Readonly<Record<string, unknown>>[] {
  return [...made]
    .filter(([name, { type }]) => name.startsWith(prefix) && type.startsWith('kubernetes:'))
    .map(([, { inputs }]) => inputs);
}

/** Lists `name: type < parent` of what is built, in order. Mocks carry no parents; transformations do. */
export function lister(): { readonly lines: string[]; readonly options: pulumi.ComponentResourceOptions } {
  const lines: string[] = [];
  const note = ({ name, type, opts }: pulumi.ResourceTransformationArgs): undefined => {
    const parent = opts.parent as { __name?: string } | undefined;
    lines.push(`${name}: ${type}${parent?.__name === undefined ? '' : ` < ${parent.__name}`}`);
  };
  return { lines, options: { transformations: [note] } };
}

/** The value of an output. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return await new Promise<T>((resolve) => void output.apply((value) => resolve(value as T)));
}
