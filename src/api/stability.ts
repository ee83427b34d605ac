/**
 * How stable a trained network is (arXiv 1905.13386): the spectra of its residual units, linearized at images; perturbations and interventions; single
 * convolutions, eigenvalues and alignment of branches; the Hessian of its loss. Each measurement is a class (`prepare`, `plan`, `run`) and one function; `measure`
 * of `ballast` takes the same by name, with the defaults of the commands.
 *
 * ```ts
 * import { shapesDataset } from 'ballast/data';
 * import { loadNetwork } from 'ballast/models';
 * import { measureSpectra } from 'ballast/stability';
 *
 * const network = await loadNetwork({ model: 'resnet20' });
 * const dataset = shapesDataset({ split: 'test', count: 4, seed: 0 });
 * const wanted = { units: 'layer3.1', stages: false, finalRelu: true, method: 'auto', top: 10 } as const;
 * const { images } = await measureSpectra({ network, dataset, images: [0], ...wanted });
 * console.log(images[0].units.map(({ name, plateau }) => [name, plateau]));
 * ```
 */
export {
  type Activations,
  type AttackOptions,
  type AttackResult,
  activationsAt,
  attackNames,
  type Block,
  BlockMeasurement,
  type BlockOptions,
  type CurvatureRequest,
  type CurvatureResult,
  findStages,
  findUnits,
  HessianOperator,
  type HessianRequest,
  type InterventionRequest,
  intervenedNetwork,
  LinearizedMap,
  measureAlignment,
  measureConvolutions,
  measureCurvature,
  measureEigenvalues,
  measureIntervention,
  measurePerturbations,
  measureSpectra,
  measureTokens,
  type PerturbationRequest,
  registerAttack,
  type SpectrumRequest,
  type SpectrumResult,
  type Stage,
  selectUnits,
  type TokenPoint,
  type TokensRequest,
  type Unit,
} from '../stability/index.ts';
