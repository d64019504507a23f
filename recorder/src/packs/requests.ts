import type { Resource } from '@keyturn/resources';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import structPb from 'google-protobuf/google/protobuf/struct_pb.js';

import { toWire } from '../wire.js';

/** What the engine sends for one resource before it is made. */
export function analyzeRequest(resource: Resource, stack: string, project: string): analyzer.AnalyzeRequest {
  return new analyzer.AnalyzeRequest()
    .setType(resource.type)
    .setProperties(propertiesOf(resource))
    .setUrn(resource.urn)
    .setName(resource.name)
    .setOptions(optionsOf(resource, stack, project));
}

/** What the engine sends when all resources are there. */
export function stackRequest(
  resources: readonly Resource[],
  stack: string,
  project: string,
): analyzer.AnalyzeStackRequest {
  return new analyzer.AnalyzeStackRequest().setResourcesList(
    resources.map((resource) => {
      const sent = new analyzer.AnalyzerResource()
        .setType(resource.type)
        .setProperties(propertiesOf(resource))
        .setUrn(resource.urn)
        .setName(resource.name)
        .setOptions(optionsOf(resource, stack, project))
        .setParent(resource.parent ?? rootOf(stack, project))
        .setDependenciesList([...resource.dependencies]);
      for (const [key, urns] of resource.propertyDependencies) {
        sent.getPropertydependenciesMap().set(key, new analyzer.AnalyzerPropertyDependencies().setUrnsList([...urns]));
      }
      return sent;
    }),
  );
}

function rootOf(stack: string, project: string): string {
  return `urn:pulumi:${stack}::${project}::pulumi:pulumi:Stack::${project}-${stack}`;
}

function optionsOf(
  { ignoreChanges, parent }: Resource,
  stack: string,
  project: string,
): analyzer.AnalyzerResourceOptions {
  return new analyzer.AnalyzerResourceOptions()
    .setIgnorechangesList([...ignoreChanges])
    .setParent(parent ?? rootOf(stack, project));
}

function propertiesOf({ properties }: Resource): structPb.Struct {
  return structPb.Struct.fromJavaScript(toWire(properties) as Record<string, structPb.JavaScriptValue>);
}
