export { BlockMaps } from './block-maps.ts';
export { type BranchFactors, type Energies, energiesOf } from './energies.ts';
export { ExampleMaps, type PairedMaps, transposed } from './example-maps.ts';
export { type ProjectionOptions, projectPerturbations } from './project.ts';
export type { EnergyShares, ImageEnergies, ProjectedBlock, ProjectedKind } from './projected-block.ts';
