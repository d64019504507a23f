export * from './place.js';
export * from './provenance.js';
export * from './readers/kubernetes-yaml.js';
export * from './readers/preview-json.js';
export { PulumiStateError } from './readers/pulumi-state.js';
export * from './readers/pulumi-yaml.js';
export * from './readers/stack-export.js';
export * from './resource.js';
export * from './value.js';
