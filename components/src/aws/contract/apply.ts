import type { AwsCaller } from '@keyturn/services';

import { type RecordedResource, UnknownInputError } from '../../recorded.js';
import { awsApi } from './aws-api.js';
import { elbApi } from './elb-api.js';
import { type Parameters, put, translate } from './translate.js';

/**
 * Makes one recorded resource through the API, and gives what the provider would give back.
 *
 * @throws UnknownInputError when the type or a property is in no table.
 * @throws AwsRefusal when the API refuses a call.
 */
export async function apply(
  aws: AwsCaller,
  { name, type, inputs }: RecordedResource & { readonly name: string },
): Promise<Parameters & { readonly id: unknown }> {
  const table = awsApi[type] ?? elbApi[type];
  if (table === undefined) throw new UnknownInputError(`No table is known for ${type}.`);
  const known = new Set(table.calls.flatMap(({ fields }) => Object.keys(fields)));
  const unknown = Object.keys(inputs).filter((property) => inputs[property] !== undefined && !known.has(property));
  if (unknown.length > 0) throw new UnknownInputError(`${type} has ${unknown.join(', ')}, which is in no table.`);

  const answers: Parameters[] = [];
  for (const [index, { does, fields, adds }] of table.calls.entries()) {
    const own = Object.entries(inputs).filter(([property, value]) => property in fields && value !== undefined);
    if (index > 0 && own.length === 0 && Object.keys(fields).length > 0) continue;
    const parameters = await translate(type, fields, Object.fromEntries(own));
    for (const [place, value] of Object.entries(adds?.({ name, inputs, answers }) ?? {})) put(parameters, place, value);
    const [service = '', operation = ''] = does.split(' ');
    answers.push(await aws.call({ service, operation, parameters }));
  }
  return table.gives({ name, inputs, answers });
}
