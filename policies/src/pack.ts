import { PolicyPack } from '@pulumi/policy';
import { createPolicies } from './crossguard/policies.js';
import { exceptionsIn } from './crossguard/exceptions.js';
import { presetIn } from './crossguard/preset.js';
import { policies } from './policies/index.js';

new PolicyPack('keyturn', {
  displayName: 'keyturn',
  description: 'Finds what would go wrong at the next rotation of a credential.',
  repository: 'https://github.com/keyturn/keyturn',
  policies: createPolicies(
    presetIn(process.env),
    policies,
    exceptionsIn(
      process.env,
      policies.map(({ facts }) => facts.id),
    ),
  ),
});
