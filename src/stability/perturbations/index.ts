export { type AttackItems, type AttackOptions, succeeded } from './attack.ts';
export {
  type AttackCost,
  type AttackDescription,
  type AttackDoubts,
  type AttackedItem,
  type AttackName,
  type AttackResult,
  attackNamed,
  attackNames,
  doubtsTogether,
  findsSmallest,
  overRadii,
  registerAttack,
  runAttack,
  targetsFor,
  warningsOf,
} from './attacks.ts';
export { type AttackLoss, DifferentiableClassifier, type EntryOptions, marginGradients } from './classifier.ts';
export { type ControlledPerturbations, kinds, type PerturbationKind, withControls } from './controls.ts';
export { movedAlong, movedTo, type Noise, noiseDirection, noiseNames, shuffledPixels } from './directions.ts';
export { copyItem, type Norm, normOf } from './geometry.ts';
export { type Propagated, Propagation } from './propagation.ts';
