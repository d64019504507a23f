import { UnknownInputError } from '../../recorded.js';

export type Parameters = Readonly<Record<string, unknown>>;

/** Where a property goes: the place of a parameter (`VpcConfig.SubnetIds`, `Targets.0.Arn`), itself or changed in form, or deeper ones. */
export type Field =
  | string
  | { readonly to: string; readonly as: (value: unknown) => unknown }
  | { readonly to: string; readonly each: Fields }
  | { readonly of: Fields }
  /** The call itself says it: no other value can be told to the API by it. */
  | { readonly only: unknown };

export type Fields = Readonly<Record<string, Field>>;

/**
 * The parameters of a call, word by word.
 *
 * @throws UnknownInputError for a property that is in no table, or a value that the call cannot say.
 */
export async function translate(about: string, fields: Fields, inputs: Parameters): Promise<Record<string, unknown>> {
  const parameters: Record<string, unknown> = {};
  for (const [property, value] of Object.entries(inputs)) {
    if (value === undefined) continue;
    const field = Object.hasOwn(fields, property) ? fields[property] : undefined;
    if (field === undefined) throw new UnknownInputError(`${about} has ${property}, which is in no table.`);
    for (const [place, found] of await placed(`${about}.${property}`, field, value)) put(parameters, place, found);
  }
  return parameters;
}

async function placed(about: string, field: Field, value: unknown): Promise<readonly (readonly [string, unknown])[]> {
  if (typeof field === 'string') return [[field, value]];
  if ('as' in field) return [[field.to, await field.as(value)]];
  if ('each' in field) {
    const items = value as readonly Parameters[];
    return [[field.to, await Promise.all(items.map(async (item) => await translate(about, field.each, item)))]];
  }
  if ('only' in field) {
    if (value === field.only) return [];
    throw new UnknownInputError(
      `${about} is ${JSON.stringify(value)}, and the call says ${JSON.stringify(field.only)}.`,
    );
  }
  const inner = await Promise.all(
    Object.entries(value as Parameters).map(async ([property, item]) => {
      const deeper = Object.hasOwn(field.of, property) ? field.of[property] : undefined;
      if (deeper === undefined) throw new UnknownInputError(`${about} has ${property}, which is in no table.`);
      return await placed(`${about}.${property}`, deeper, item);
    }),
  );
  return inner.flat();
}

/** Puts a value at its place; a number is an index of a list. */
export function put(into: Record<string, unknown>, place: string, value: unknown): void {
  const steps = place.split('.');
  let here: Record<string, unknown> = into;
  steps.forEach((step, index) => {
    const next = steps[index + 1];
    if (next === undefined) here[step] = value;
    else here = (here[step] ??= /^\d+$/.test(next) ? [] : {}) as Record<string, unknown>;
  });
}
