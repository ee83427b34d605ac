import { stringify } from 'yaml';
import type { ScheduleRequest } from '../../schema/index.ts';
import type { TrainingStage } from './stages.ts';

/** How a schedule is written for a trainer. */
export type ScheduleFormat = ScheduleRequest['format'];

/** Names as Python programs have them. */
const names: Readonly<Record<keyof TrainingStage, string>> = {
  fromExamples: 'from_examples',
  fromStep: 'from_step',
  batchSize: 'batch_size',
  rate: 'lr',
  weightDecay: 'weight_decay',
  beta2: 'beta2',
  averageDecay: 'average_decay',
};

const named = (stage: TrainingStage): Record<string, number> =>
  Object.fromEntries(
    Object.entries(stage).map(([key, value]) => [
      names[key as keyof TrainingStage],
      Number((value as number).toPrecision(9)),
    ]),
  );

/** The stages as a Python list of dictionaries, as YAML or as JSON. */
export function scheduleText(stages: readonly TrainingStage[], format: ScheduleFormat): string {
  const rows = stages.map(named);
  switch (format) {
    case 'json':
      return JSON.stringify(rows, null, 2);
    case 'yaml':
      return stringify(rows).trimEnd();
    case 'python':
      return `schedule = [\n${rows
        .map(
          (row) =>
            `    {${Object.entries(row)
              .map(([key, value]) => `"${key}": ${value}`)
              .join(', ')}},`,
        )
        .join('\n')}\n]`;
  }
}
