import type * as pulumi from '@pulumi/pulumi';

/**
 * Changes a child before it is made: properties to add or replace, or a function that gets the properties, the options and the child's name
 * and returns new properties (nothing means "as they are"). It may change the options in place.
 */
export type Transform<Args extends object> =
  Partial<Args> | ((args: Args, options: pulumi.CustomResourceOptions, name: string) => Args | undefined);

/** A transform changed something that the rotation depends on. */
export class TransformError extends Error {
  override readonly name = 'TransformError';
}

/** A child of a component: its identity, what it is made with, and how a user may change it. */
export interface Child<Args extends object> {
  /** Never changes: a new name replaces a live resource. */
  readonly name: string;
  readonly args: Args;
  readonly options: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource };
  readonly transform?: Transform<Args> | undefined;
  /** Properties that a transform must leave alone, each with the reason that the error names. */
  readonly fixed?: Partial<Record<keyof Args, string>>;
  /** The same for what stands deeper: `spec.refreshInterval`. */
  readonly fixedPaths?: Readonly<Record<string, string>>;
}

/**
 * Makes a child after its transform. The parent, and what the component ignores, stay whatever the transform does.
 *
 * @throws TransformError when a fixed property was changed.
 */
export function makeChild<Args extends object, Made extends pulumi.CustomResource>(
  Kind: new (name: string, args: Args, options: pulumi.CustomResourceOptions) => Made,
  { name, args, options, transform, fixed = {}, fixedPaths = {} }: Child<Args>,
): Made {
  const changedOptions = { ...options };
  const changed =
    typeof transform === 'function'
      ? (transform({ ...args }, changedOptions, name) ?? args)
      : { ...args, ...transform };
  for (const key of Object.keys(fixed) as (keyof Args)[]) {
    if (!same(args[key], changed[key])) {
      throw new TransformError(
        `The transform of "${name}" changes \`${String(key)}\`: ${String(fixed[key])} Leave it as it is.`,
      );
    }
  }
  for (const [path, reason] of Object.entries(fixedPaths)) {
    if (!same(valueAt(args, path), valueAt(changed, path)))
      throw new TransformError(`The transform of "${name}" changes \`${path}\`: ${reason} Leave it as it is.`);
  }
  const ignoreChanges = [...new Set([...(options.ignoreChanges ?? []), ...(changedOptions.ignoreChanges ?? [])])];
  return new Kind(name, changed, { ...changedOptions, parent: options.parent, ignoreChanges });
}

function valueAt(from: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      from,
    );
}

function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  return Array.isArray(left) && Array.isArray(right) && JSON.stringify(left) === JSON.stringify(right);
}
