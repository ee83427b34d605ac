import { bendMargin, contrasts, kindAgainstSize } from './data-statements.ts';
import type { Judged } from './judged.ts';
import { linearError, rules, tuning } from './rate-statements.ts';
import { bothLosses, domains, lowestLoss, reach } from './reach-statements.ts';
import { regimes } from './regime-statement.ts';
import type { Statement } from './statement.ts';

/** Judges what the paper says on the study; the last one is what others said against it. */
export function judgeStatements(judged: Judged): Statement[] {
  return [
    regimes(judged),
    reach(judged),
    lowestLoss(judged),
    rules(judged, true),
    rules(judged, false),
    linearError(judged),
    domains(judged),
    contrasts(judged, 'model', {
      id: 'architecture',
      statement: 'AlexNet and MobileNetV2 bend earlier (at 1024) than the other networks.',
    }),
    contrasts(judged, 'dataset', {
      id: 'dataset',
      statement: 'Simpler data sets flatten later (SVHN later than CIFAR-10).',
      deep: true,
    }),
    contrasts(judged, 'fraction', {
      id: 'fraction',
      statement: `The plateau batch is the same with 100, 50 and 25 % of the data (B_crit within a factor of ${bendMargin}).`,
      every: true,
    }),
    contrasts(judged, 'complexity', {
      id: 'complexity',
      statement: 'Data of less complexity flatten later, with their number the same.',
      deep: true,
    }),
    kindAgainstSize(judged),
    bothLosses(judged),
    tuning(judged),
  ];
}
