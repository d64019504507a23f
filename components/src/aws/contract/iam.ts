import type { AwsCaller } from '@keyturn/services';

import { autoname } from './aws-api.js';

/** A policy document of IAM, or of a resource. */
export interface Document {
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: Readonly<Record<string, unknown>>;
  }[];
}

/** What an administrator of the account may do. */
export const allowsAll: Document = { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/** The inline policies of a role that the component made, as IAM gives them back. */
export async function documentsOf(aws: AwsCaller, role: string): Promise<Document[]> {
  const about = { RoleName: autoname(role) };
  const { PolicyNames } = await aws.call({ service: 'iam', operation: 'ListRolePolicies', parameters: about });
  return await Promise.all(
    (PolicyNames as string[]).map(async (PolicyName) => {
      const parameters = { ...about, PolicyName };
      return (await aws.call({ service: 'iam', operation: 'GetRolePolicy', parameters }))['PolicyDocument'] as Document;
    }),
  );
}

/**
 * Whether the documents allow the action on the resource: one statement allows it, and none denies it. Of conditions, the one by which the
 * component denies is known (`ArnNotEquals` on the principal); those that only narrow an allowance are for the caller to look at.
 */
export function permits(documents: readonly Document[], action: string, resource: string, principal?: string): boolean {
  const about = documents
    .flatMap(({ Statement }) => Statement)
    .filter(({ Action, Resource }) => matches(Action, action) && matches(Resource, resource));
  const denied = about.some(({ Effect, Condition }) => Effect === 'Deny' && principalIsOther(Condition, principal));
  return !denied && about.some(({ Effect }) => Effect === 'Allow');
}

function principalIsOther(condition: Readonly<Record<string, unknown>> | undefined, principal?: string): boolean {
  if (condition === undefined) return true;
  const { ArnNotEquals, ...others } = condition as { ArnNotEquals?: Record<string, unknown> };
  const { 'aws:PrincipalArn': arn, ...otherKeys } = ArnNotEquals ?? {};
  if (arn === undefined || Object.keys(others).length > 0 || Object.keys(otherKeys).length > 0) {
    throw new Error(`The condition ${JSON.stringify(condition)} is not known.`);
  }
  return arn !== principal;
}

function matches(patterns: string | readonly string[], value: string): boolean {
  return [patterns].flat().some((pattern) =>
    new RegExp(
      `^${String(pattern)
        .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    ).test(value),
  );
}
