export { type AttackItems, type AttackOptions, succeeded } from './attack.ts';
export {
  type AttackedItem,
  type AttackName,
  type AttackResult,
  attackNames,
  findsSmallest,
  overRadii,
  runAttack,
  targetsFor,
} from './attacks.ts';
export { constantsTried } from './carlini-wagner.ts';
export { type AttackLoss, DifferentiableClassifier, type EntryOptions } from './classifier.ts';
export { type ControlledPerturbations, kinds, type PerturbationKind, withControls } from './controls.ts';
export { movedTo, type Noise, noiseDirection, noiseNames, shuffledPixels } from './directions.ts';
export { copyItem, type Norm, normOf } from './geometry.ts';
export { type Propagated, Propagation } from './propagation.ts';
