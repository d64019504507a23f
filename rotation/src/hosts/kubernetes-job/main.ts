import { hostCommands } from '@keyturn/plan';

import { runKubernetesJob } from './job.js';

const command = process.argv[2];
if (command === '--help' || command === '-h') {
  console.log(
    [
      `node kubernetes-job.mjs [${hostCommands.join('|')}]`,
      '',
      'Settings: JSON in the file that KEYTURN_SETTINGS_FILE names, or in KEYTURN_SETTINGS. Default command: tend.',
      'Exit codes: 0 done, nothing to do or waiting for time; 1 a person is needed; 2 wrong settings; 3 failed, try again.',
    ].join('\n'),
  );
} else {
  process.exitCode = await runKubernetesJob({ env: process.env, command });
}
