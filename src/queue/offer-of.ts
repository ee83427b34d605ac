import type { Offer } from '../schema/index.ts';
import type { Attempt, WantedTrial } from '../store/index.ts';
import { jobSpecOf } from './job-spec.ts';

/** A waiting trial as it is offered. `from`: where its settings lie, for messages. Throws FileError for settings that are none. */
export function offerOf(
  { id, attempt, spec, budgetSteps, budgetSeconds }: WantedTrial & Attempt,
  { study, priority, from }: { readonly study: string; readonly priority: number; readonly from: string },
): Offer {
  const parsed = jobSpecOf(spec, from);
  const offer = { trial: id, attempt, study, spec, budgetSteps, budgetSeconds, priority };
  const none = { gpus: 0, cpus: 0, memory: 0 };
  switch (parsed.kind) {
    case 'piece':
      return { ...offer, work: parsed.work, requires: { ...none, command: parsed.command } };
    case 'own':
      return { ...offer, work: budgetSteps * parsed.config.batchSize, requires: { ...none, command: false } };
    case 'command': {
      const { values, resources } = parsed.command;
      const requires = { gpus: resources.gpus ?? 0, cpus: resources.cpus ?? 0, memory: 0, command: true };
      return { ...offer, work: budgetSteps * values.batch, requires };
    }
  }
}
