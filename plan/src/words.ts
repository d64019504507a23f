/** The steps of an advance, in order; create, set, test and finish are the names of AWS Secrets Manager. */
export const steps = ['check', 'create', 'recheck', 'set', 'test', 'finish'] as const;
export type Step = (typeof steps)[number];

/** How far a stored version has come. */
export type VersionStage = 'pending' | 'current' | 'previous';

/** The life of a credential after it was made. */
export type CredentialState = 'published' | 'superseded' | 'retired';

/** What an application logs in with. User and password always travel together. */
export interface Credential {
  readonly user: string;
  readonly password: string;
  /** Counts the rotations of a pair; 0 means that nothing was published yet. */
  readonly generation: number;
}

/** The five causes of failed rotations, and one for what could not be told. */
export const failureCauses = [
  'poolNotDrained',
  'configNotReloaded',
  'partialDeployment',
  'wrongSecret',
  'race',
  'unknown',
] as const;
export type FailureCause = (typeof failureCauses)[number];
