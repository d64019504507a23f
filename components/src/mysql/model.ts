import type { RecordedResource } from '../recorded.js';
import type { MysqlDualUserModel } from './dual-user-model.js';

export * from '../connection-limit.js';
export * from './dual-user-model.js';
export * from './statements.js';
export type { Part } from '../part.js';

/** What the component registers for a model, in its order: for making the same role without a Pulumi engine. */
export function mysqlResourcesOf(model: MysqlDualUserModel): readonly RecordedResource[] {
  const of = (type: string) => (part: { readonly inputs: object }) => ({ type, inputs: { ...part.inputs } });
  return [of('mysql:index/role:Role')(model.sharedRole), ...model.grants.map(of('mysql:index/grant:Grant'))];
}
