import type { LintRule } from '../create-rule.js';
import noHardcodedCredential from './no-hardcoded-credential.js';
import noUnpinnedSecretVersion from './no-unpinned-secret-version.js';
import requirePoolRefresh from './require-pool-refresh.js';

/** Every rule under its id. */
export const rules: Readonly<Record<string, LintRule>> = {
  'no-hardcoded-credential': noHardcodedCredential,
  'no-unpinned-secret-version': noUnpinnedSecretVersion,
  'require-pool-refresh': requirePoolRefresh,
};
