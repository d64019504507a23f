export * from './place.js';
export * from './provenance.js';
export * from './resource.js';
export * from './value.js';
export * from './readers/kubernetes-yaml.js';
