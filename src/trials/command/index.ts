/** Any program as a trial: started in a process group of its own, its logs followed while it writes them. */
export { findCheckpoints } from './checkpoints.ts';
export { commandLineOf } from './command-line.ts';
export { filesMatching } from './found-files.ts';
export { mappedBy } from './mapped.ts';
export { hasUsedUp } from './outcome.ts';
export { listPlaceholders, placeholders, placeholdersIn } from './placeholders.ts';
export { type ProbedStep, probedSteps } from './probe.ts';
export { endNoted, processNote } from './process-group.ts';
export {
  type CommandRequest,
  type CommandResult,
  runCommand,
  takesMicroBatch,
} from './run-command.ts';
export {
  bytesOf,
  type CommandSpec,
  commandFields,
  commandSpecSchema,
  isSecretName,
} from './spec.ts';
