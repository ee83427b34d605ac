import { owningFolder } from '../../formats/index.ts';
import { trialSpecOf } from '../layout/trial-spec.ts';
import { runCommandTrial } from './command-trial.ts';
import { runOwnTrial } from './own-trial.ts';
import type { TrialOutcome, TrialRequest } from './trial-request.ts';

/** Computes a trial that this process has claimed, by our own trainer or by a command, and writes its curve into the store as it goes. */
export function runTrial(request: TrialRequest): Promise<TrialOutcome> {
  const { store, claim } = request;
  const doing = `attempt ${claim.attempt} of a trial`;
  const spec = trialSpecOf(claim.spec, store.path);
  return owningFolder(store.trialFolder(claim.id), { doing }, () =>
    spec.kind === 'own' ? runOwnTrial(request, spec) : runCommandTrial(request, spec),
  );
}
