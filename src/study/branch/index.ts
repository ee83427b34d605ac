/** The critical batch size of one's own run, by branching from its checkpoints (after Merrill et al., 2505.23971; the test is ours). */
export type { BranchSource } from './branch-source.ts';
export type { BranchMoment, BranchOrder, BranchTrainer, TrainedBranch } from './branch-trainer.ts';
export { type CommandBranchOptions, commandBranches } from './command-branches.ts';
export type { BranchCost, BranchedMoment } from './measure-branches.ts';
export { measureMoment, mostBranches, trainOrRead } from './measure-branches.ts';
export { filesOfRun, momentsOf, type OptimizerState, OwnBranches, openOwnRun, requireRun } from './own-branches.ts';
export { type BranchProtocol, ladder, type RateRule } from './protocol.ts';
export { batchWarmUp, stepsShare, type WarmUpStage } from './warm-up.ts';
