import type { DualUserModel } from './dual-user-model.js';
import type { RecordedResource } from '../recorded.js';

export * from '../connection-limit.js';
export * from './dual-user-model.js';
export type { Part } from '../part.js';
export * from './statements.js';

/** What the component registers for a model, in its order: for making the same roles without a Pulumi engine. */
export function resourcesOf(model: DualUserModel): readonly RecordedResource[] {
  const of = (type: string) => (part: { readonly inputs: object }) => ({ type, inputs: { ...part.inputs } });
  return [
    ...[model.sharedRole, ...model.users].map(of('postgresql:index/role:Role')),
    ...(model.schema ? [model.schema] : []).map(of('postgresql:index/schema:Schema')),
    ...model.grants.map(of('postgresql:index/grant:Grant')),
    ...model.defaultPrivileges.map(of('postgresql:index/defaultPrivileges:DefaultPrivileges')),
  ];
}
