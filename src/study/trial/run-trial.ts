import { trialSpecOf } from '../layout/trial-spec.ts';
import { runCommandTrial } from './command-trial.ts';
import { runOwnTrial } from './own-trial.ts';
import type { TrialOutcome, TrialRequest } from './trial-request.ts';

/** Computes a trial that was taken, by our own trainer or by a command, and tells its curve as it goes. */
export async function runTrial(request: TrialRequest): Promise<TrialOutcome> {
  const { trial } = request;
  const spec = trialSpecOf(trial.spec, trial.from);
  return spec.kind === 'own' ? runOwnTrial(request, spec) : runCommandTrial(request, spec);
}
