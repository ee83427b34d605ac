export { BlockMaps } from './block-maps.ts';
export { type BranchFactors, type Energies, energiesOf } from './energies.ts';
export { ExampleMaps, type PairedMaps, transposed } from './example-maps.ts';
export { type ProjectionOptions, type Projections, projectionCost, projectPerturbations } from './project.ts';
export type {
  EnergyShares,
  ImageEnergies,
  ProjectedBlock,
  ProjectedGradient,
  ProjectedKind,
} from './projected-block.ts';
