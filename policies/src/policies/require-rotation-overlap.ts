import { taskDefinitionTypes } from '../aws/ecs.js';
import { functionTypes, judgeFunction } from '../chains/of-function.js';
import { judgeTask } from '../chains/of-task.js';
import { judgeWorkload } from '../chains/of-workload.js';
import { runningWorkloadTypes } from '../kubernetes/workload.js';
import { definePolicy, isOfType, pass } from '../policy.js';

export const requireRotationOverlap = definePolicy({
  facts: {
    id: 'require-rotation-overlap',
    summary: 'Require superseded credentials to work until their last consumer has left them',
    severity: 'high',
    breaks: 'The old password is withdrawn while some pods or pools still use it, and their next login is refused.',
    fix: 'Rotate less often, or shorten a link of the chain: refresh more often, roll out faster, keep connections for a shorter time.',
    component: 'RotatingDatabaseSecret',
  },
  types: [...runningWorkloadTypes, ...taskDefinitionTypes, ...functionTypes],
  needs: 'graph',
  check(context) {
    const { type } = context.resource;
    const judge = isOfType(type, runningWorkloadTypes)
      ? judgeWorkload
      : isOfType(type, functionTypes)
        ? judgeFunction
        : judgeTask;
    const results = [...judge(context)];
    return results.length > 0 ? results : pass;
  },
});
