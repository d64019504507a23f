import { at, text } from '@keyturn/resources';
import { definePolicy, notApplicable, notKnown, pass } from '../policy.js';
import { runsBesideServices } from '../throw-away.js';

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
  check({ resource }) {
    const { properties } = resource;
    if (runsBesideServices(resource)) return notApplicable('the database ends with the job that fills it');
    const creates = at(properties, 'creates');
    if (creates.kind === 'known' && creates.value === true)
      return notApplicable('the same script makes that user, so nobody holds an older password');
    const what = at(properties, 'does');
    if (what.kind === 'unknown') return notKnown(resource, 'what the statement does', 'does');
    if (creates.kind === 'unknown') return notKnown(resource, 'whether the same script makes that user', 'creates');
    const does = text(what);
    if (does === undefined) return pass;
    const statement =
      what.kind === 'known' && what.secret ? 'A statement' : does.startsWith('`') ? does : `\`${does}\``;
    return {
      is: 'fail',
      message: replacesText.test(does)
        ? `${statement} leaves nothing of the password before, and whoever read that one keeps it.`
        : `${statement} takes the old password away at once, and clients that still hold it are refused.`,
    };
  },
});
