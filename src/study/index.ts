/** Studies of the batch size: declared, computed trial by trial in processes of their own, stored, and read as plain data. */

export { countTrials, type StudyCounts } from './count-trials.ts';
export { boundedYaml, type YamlContent, type YamlProblem } from './declare/bounded-yaml.ts';
export { type BundledStudy, bundledStudies, bundledStudy } from './declare/bundled.ts';
export {
  type CommandWorkload,
  type ExtraRate,
  type GridPoint,
  gridOf,
  type OwnWorkload,
  type StudyGrid,
  type Workload,
} from './declare/grid.ts';
export { registerStrategy, type Strategy, type StrategyDescription } from './declare/strategies.ts';
export { type Mistake, type ParsedStudy, parseStudyFile, readStudyFile, StudyMistakes } from './declare/study-file.ts';
export { studyJsonSchema } from './declare/study-schema.ts';
export { type Edge, extend, findEdges } from './edges.ts';
export { type ExportFormat, exportFormats, exportStudy } from './export/index.ts';
export { type LaidOutPoint, type LaidOutTrial, layOutStudy, type StudyLayout } from './layout/layout.ts';
export { type CommandTrialSpec, type OwnTrialSpec, type TrialSpec, trialId, trialSpecOf } from './layout/trial-spec.ts';
export { type LinearErrorsRequest, measureLinearErrors, readLinearErrors } from './linear/linear-errors.ts';
export type * from './measured/measured.ts';
export { measuredInFolder } from './measured/measured-in-folder.ts';
export { measuredIn, readStudy, workloadFacts } from './measured/read-study.ts';
export { type CheckedCommand, type CheckOptions, checkCommands } from './needs/check-commands.ts';
export { type Estimate, estimateStudy, type WorkloadEstimate } from './needs/estimate.ts';
export { type Machine, type MachineShare, machineShare } from './needs/machine-share.ts';
export { contentOf, DataShelf, type DataSpec, loadStudyData, type StudyData } from './study-data.ts';
export { pointName, type StudyStatus, statusOf } from './study-status.ts';
export { missingTrials, syncStudy } from './sync-study.ts';
export { runTrial } from './trial/run-trial.ts';
export type { TakenTrial, TrialOutcome, TrialRequest } from './trial/trial-request.ts';
