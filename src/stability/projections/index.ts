export { BlockMaps } from './block-maps.ts';
export {
  type EnergyShares,
  type ImageEnergies,
  type ProjectedBlock,
  type ProjectedKind,
  type ProjectionOptions,
  projectPerturbations,
} from './blocks.ts';
export { type BranchFactors, type Energies, energiesOf } from './energies.ts';
export { ExampleMaps, type PairedMaps, transposed } from './example-maps.ts';
