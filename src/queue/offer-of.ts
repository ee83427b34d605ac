import type { Offer } from '../schema/index.ts';
import type { Attempt, WantedTrial } from '../store/index.ts';
import { trialSpecOf } from '../study/index.ts';

/** A waiting trial as it is offered. `from`: where its settings lie, for messages. Throws FileError for settings that are none. */
export function offerOf(
  { id, attempt, spec, budgetSteps, budgetSeconds }: WantedTrial & Attempt,
  { study, priority, from }: { readonly study: string; readonly priority: number; readonly from: string },
): Offer {
  const parsed = trialSpecOf(spec, from);
  const batch = parsed.kind === 'own' ? parsed.config.batchSize : parsed.command.values.batch;
  return {
    ...{ trial: id, attempt, study, spec, budgetSteps, budgetSeconds, priority },
    work: budgetSteps * batch,
    requires:
      parsed.kind === 'own'
        ? { gpus: 0, cpus: 0, memory: 0, command: false }
        : {
            gpus: parsed.command.resources.gpus ?? 0,
            cpus: parsed.command.resources.cpus ?? 0,
            memory: 0,
            command: true,
          },
  };
}
