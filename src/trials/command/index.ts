/** Any program as a trial: started in a process group of its own, its logs followed while it writes them. */
export { findCheckpoints } from './checkpoints.ts';
export { commandLineOf } from './command-line.ts';
export { filesMatching } from './found-files.ts';
export { knownMapQuantities, type MapQuantity, mappedBy } from './mapped.ts';
export { hasUsedUp } from './outcome.ts';
export { listPlaceholders, type Placeholder, placeholders, placeholdersIn } from './placeholders.ts';
export { endNoted } from './process-group.ts';
export { type Recognized, requireCurve } from './recognition.ts';
export {
  type CommandRequest,
  type CommandResult,
  type CommandStatus,
  runCommand,
  takesMicroBatch,
} from './run-command.ts';
export {
  bytesOf,
  type CommandSpec,
  commandFields,
  commandSpecSchema,
  isSecretName,
  type TrialNumbers,
} from './spec.ts';
