/** The part of JSON Schema that options of a policy are written in. */
export type OptionSchema =
  | {
      readonly type: 'integer' | 'number';
      readonly description: string;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly default: number;
    }
  | { readonly type: 'boolean'; readonly description: string; readonly default: boolean }
  | {
      readonly type: 'array';
      readonly description: string;
      readonly items: { readonly type: 'string' };
      readonly default: readonly string[];
    };

/** Closed: an option that is not listed is refused. Every option has a default and a description. */
export interface OptionsSchema {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: Readonly<Record<string, OptionSchema>>;
}

/** Short for a closed schema. */
export function closed(properties: Readonly<Record<string, OptionSchema>>): OptionsSchema {
  return { type: 'object', additionalProperties: false, properties };
}

/** The options of the user over the defaults of the schema. */
export function withDefaults(
  schema: OptionsSchema | undefined,
  given: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const defaults = Object.entries(schema?.properties ?? {}).map(([name, option]) => [name, option.default] as const);
  return { ...Object.fromEntries(defaults), ...given };
}
