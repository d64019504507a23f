import { at, text } from '@keyturn/resources';
import { notApplicable, definePolicy, pass } from '../policy.js';

/** These replace a value that something reads; nobody keeps the one before. */
const replacesText = /^`(sed|kubectl)\b/;

export const noPasswordChangeInScript = definePolicy({
  facts: {
    id: 'no-password-change-in-script',
    summary: 'Disallow scripts and pipelines that replace a password in place',
    severity: 'medium',
    breaks: 'Every client that still holds the old password is refused from that statement on.',
    fix: 'Rotate between two users over one shared role, and retire the superseded one after its longest lifetime.',
    component: 'DualUserDatabaseRole',
  },
  types: ['shell:script:Statement'],
  needs: 'resource',
  check({ resource: { properties } }) {
    const creates = at(properties, 'creates');
    if (creates.kind === 'known' && creates.value === true)
      return notApplicable('the same script makes that user, so nobody holds an older password');
    const does = text(at(properties, 'does'));
    if (does === undefined) return pass;
    const statement = does.startsWith('`') ? does : `\`${does}\``;
    return {
      is: 'fail',
      message: replacesText.test(does)
        ? `${statement} leaves nothing of the password before, and whoever read that one keeps it.`
        : `${statement} takes the old password away at once, and clients that still hold it are refused.`,
    };
  },
});
