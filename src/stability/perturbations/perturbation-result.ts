/** What is measured of perturbations, as its schema says: see `schema/perturbation.ts`. */
export type {
  AttackSummary,
  GrowthRatio,
  LayerPerturbation,
  PerturbationResult,
  PerturbedLayer,
} from '../../schema/index.ts';
