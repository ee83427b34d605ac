/** From an example of the training on, a batch size and what goes with it. */
export interface TrainingStage {
  readonly fromExamples: number;
  readonly fromStep: number;
  readonly batchSize: number;
  readonly rate: number;
  /** Decoupled, as in AdamW. */
  readonly weightDecay?: number;
  readonly beta2?: number;
  /** Of an exponential average of the weights, a step: a <- d a + (1 - d) w. */
  readonly averageDecay?: number;
}

/** A stage before its first step is known. */
export type PlannedStage = Omit<TrainingStage, 'fromStep'>;

/** Counts the steps up to each stage: a stage begins with the first step that would begin at or behind its place. */
export function withSteps(stages: readonly PlannedStage[]): TrainingStage[] {
  const counted: TrainingStage[] = [];
  for (const stage of stages) {
    const before = counted.at(-1);
    const fromStep = before
      ? before.fromStep + Math.ceil((stage.fromExamples - before.fromExamples) / before.batchSize - 1e-9)
      : 0;
    const fromExamples = before
      ? before.fromExamples + (fromStep - before.fromStep) * before.batchSize
      : stage.fromExamples;
    counted.push({ ...stage, fromExamples, fromStep });
  }
  return counted;
}

/** Steps of a training of so many examples. */
export function stepsOf(stages: readonly TrainingStage[], examples: number): number {
  const last = stages.findLast((s) => s.fromExamples < examples) ?? stages[0]!;
  return last.fromStep + Math.ceil((examples - last.fromExamples) / last.batchSize - 1e-9);
}
