import type { Model, Resource } from '@keyturn/resources';
import type { PolicyResource, ResourceValidationArgs } from '@pulumi/policy';
import { configIn, readProperties, valuesOfEnvironment } from './properties.js';

const config = configIn(process.env);
const environment = valuesOfEnvironment(process.env);

/** A resource as CrossGuard shows it before it is made: nothing is said about what its values depend on. */
export function readResource(args: ResourceValidationArgs): Resource {
  return resourceOf(args, new Map(), []);
}

/** A whole stack as CrossGuard shows it at the end of a preview or an update. */
export function readStack(resources: readonly PolicyResource[]): Model {
  return {
    resources: resources.map((resource) => {
      const dependencies = new Map(
        Object.entries(resource.propertyDependencies).map(([key, made]) => [key, made.map(({ urn }) => urn)] as const),
      );
      return {
        ...resourceOf(
          resource,
          dependencies,
          resource.dependencies.map(({ urn }) => urn),
        ),
        ...(resource.parent ? { parent: resource.parent.urn } : {}),
      };
    }),
    notAnalysed: [],
    secretMarks: 'hidden',
  };
}

function resourceOf(
  { type, urn, name, props, opts }: Pick<ResourceValidationArgs, 'type' | 'urn' | 'name' | 'props' | 'opts'>,
  propertyDependencies: ReadonlyMap<string, readonly string[]>,
  dependencies: readonly string[],
): Resource {
  return {
    urn,
    type,
    name,
    properties: readProperties(props, { dependencies: propertyDependencies, config, environment }),
    dependencies,
    propertyDependencies,
    ignoreChanges: opts.ignoreChanges,
    remote: false,
    custom: true,
    ...(opts.parent === undefined ? {} : { parent: opts.parent }),
  };
}
