import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { closest } from './closest.js';
import type { Policy } from './policy.js';

/** Options of a rule that its schema refuses. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  readonly rule: string;
  readonly option: string | undefined;

  constructor(rule: string, option: string | undefined, message: string) {
    super(message);
    this.rule = rule;
    this.option = option;
  }
}

let ajv: Ajv | undefined;
const validators = new WeakMap<Policy, ValidateFunction>();

/**
 * Returns the options when the schema of the policy allows them.
 *
 * @throws OptionsError that names the option and what is allowed.
 */
export function checkOptions(policy: Policy, options: object): Readonly<Record<string, unknown>> {
  const given = { ...options };
  if (Object.keys(given).length === 0) return given;
  let validate = validators.get(policy);
  if (!validate) {
    ajv ??= new Ajv({ allErrors: true, strict: true });
    validate = ajv.compile(policy.options ?? { type: 'object', additionalProperties: false });
    validators.set(policy, validate);
  }
  if (validate(given)) return given;
  const error = validate.errors?.[0];
  throw error
    ? describe(policy, given, error)
    : new OptionsError(policy.facts.id, undefined, 'Options cannot be read.');
}

function describe(policy: Policy, given: Readonly<Record<string, unknown>>, error: ErrorObject): OptionsError {
  const { id } = policy.facts;
  const names = Object.keys(policy.options?.properties ?? {});
  if (error.keyword === 'additionalProperties') {
    const unknown = String((error.params as { additionalProperty?: unknown }).additionalProperty);
    const guess = closest(unknown, names);
    const advice =
      guess !== undefined
        ? `Did you mean "${guess}"?`
        : names.length > 0
          ? `It has: ${names.join(', ')}.`
          : 'It has none.';
    return new OptionsError(id, unknown, `The rule ${id} has no option "${unknown}". ${advice}`);
  }
  const option = error.instancePath.split('/')[1] ?? '';
  const got = given[option];
  const shown =
    typeof got === 'number' || typeof got === 'boolean' ? String(got) : got === null ? 'null' : `a ${typeof got}`;
  return new OptionsError(
    id,
    option,
    `The option "${option}" of ${id} ${error.message ?? 'is not allowed'}, got ${shown}.`,
  );
}
