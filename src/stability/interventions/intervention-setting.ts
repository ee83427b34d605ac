import { InputError, UsageError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import { type ImageDataset, toFloat } from '../../data/index.ts';
import { argMax, requireFit } from '../../evaluate/index.ts';
import type { ResultCache } from '../../formats/index.ts';
import type { Network } from '../../models/index.ts';
import { type Graph, type TensorData, tensor } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import type { BlockSpectrum } from '../result.ts';
import { type Activations, activationsAt, activationsFrom } from '../units/activations.ts';
import { type Block, valuesNeeded } from '../units/block-ends.ts';
import type { MethodChoice } from '../units/block-plan.ts';
import { findUnits, selectUnits, type Unit } from '../units/units.ts';
import { intervenedNetwork, type Scales } from './intervention.ts';
import type { GrowthSettings } from './intervention-growth.ts';
import type { OperatingPoint, ScaledAccuracy, ScaledGrowth } from './intervention-result.ts';

/** Which network, and by which factors its branches are scaled. */
export interface InterventionRequest {
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Positions in the data set of the images at which units are linearized. */
  readonly images: readonly number[];
  /** Units to change: `all`, names, or runs, which stand for their units. */
  readonly units: string;
  /** Units whose spectra are measured, likewise, or `none`; those that are changed unless told. */
  readonly measured?: string | undefined;
  readonly skipScales: readonly number[];
  readonly weightScales: readonly number[];
  readonly operatingPoint: OperatingPoint;
  /** Accuracy and loss are those on about so many images: the same fraction of every class. */
  readonly evaluationImages: number;
  /** Also follow perturbations through every changed network. */
  readonly growth?: GrowthSettings | undefined;
  readonly finalRelu: boolean;
  readonly method: MethodChoice;
  /** Leading values where the spectrum is not computed in full. */
  readonly top: number;
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Results that are there already, and where to put new ones: an interrupted run goes on. */
  readonly cache?: InterventionCache | undefined;
}

export interface InterventionCache {
  readonly spectra: ResultCache<BlockSpectrum>;
  readonly accuracies: ResultCache<ScaledAccuracy>;
  readonly growths: ResultCache<ScaledGrowth>;
}

export const untouched: Scales = { skipScale: 1, weightScale: 1 };
export const nameOf = ({ skipScale, weightScale }: Scales) => `skip ${skipScale}, weights ${weightScale}`;

/** A network with one pair of scales, ready to be linearized: its units and their activations, by unit and image. */
export interface Changed {
  readonly scales: Scales;
  readonly network: Network;
  readonly graph: Graph;
  readonly units: readonly Unit[];
  readonly at: ReadonlyMap<Unit, readonly Activations[]>;
  readonly predicted: readonly number[];
}

/** What does not depend on the scales. */
export interface Setting {
  readonly request: InterventionRequest;
  /** Names of the units that are changed, and of those whose spectra are measured. */
  readonly changed: readonly string[];
  readonly measured: readonly string[];
  readonly grid: readonly Scales[];
  readonly pixels: readonly TensorData[];
  /** Inputs of the measured units in the unchanged network, by unit and image. */
  readonly inputs: ReadonlyMap<string, readonly TensorData[]>;
}

export async function settingOf(request: InterventionRequest): Promise<Setting> {
  const { network, dataset, images, runtime, signal } = request;
  requireFit(network, dataset);
  if (network.task !== 'classification')
    throw new UsageError(`${network.name} is for ${network.task}; expected a classifier`);
  const graph = network.graph(1);
  const units = findUnits(graph);
  if (units.length === 0) throw new UsageError(`${network.name} has no residual units to change`);
  const selected = (selection: string, key: string) => {
    const chosen = new Set(selectUnits(units, selection, key).flatMap((block) => block.units));
    return units.filter((unit) => chosen.has(unit));
  };
  const changed = selected(request.units, 'unit');
  if (changed.length === 0) throw new InputError('unit', 'expected all or names of units, got "none"');
  const measured = request.measured === undefined ? changed : selected(request.measured, 'measure');
  const grid = request.skipScales.flatMap((skipScale) =>
    request.weightScales.map((weightScale) => ({ skipScale, weightScale })),
  );
  const pixels = images.map((i) => tensor('float32', [1, ...dataset.shape], toFloat(dataset, [i])));
  const inputs = measured.map((unit) => unit.input);
  const activations = inputs.length ? await activationsAt(graph, inputs, pixels, runtime, signal) : [];
  return {
    request,
    changed: changed.map((unit) => unit.name),
    measured: measured.map((unit) => unit.name),
    grid,
    pixels,
    inputs: new Map(measured.map((unit) => [unit.name, activations.map((at) => at.get(unit.input)!)])),
  };
}

export const blockOf = (unit: Unit): Block => ({ name: unit.name, units: [unit] });

export async function changedNetwork(setting: Setting, scales: Scales): Promise<Changed> {
  const { request, changed, measured, pixels, inputs } = setting;
  const { runtime, operatingPoint, signal } = request;
  const network = intervenedNetwork(
    request.network,
    changed.map((unit) => ({ unit, ...scales })),
  );
  const graph = network.graph(1);
  const units = findUnits(graph).filter((unit) => measured.includes(unit.name));
  const logits = graph.outputs[0]!.value;
  const recomputed = operatingPoint === 'recomputed' ? units.flatMap((unit) => valuesNeeded(blockOf(unit))) : [];
  const whole = await activationsAt(graph, [...recomputed, logits], pixels, runtime, signal);
  const at = new Map<Unit, readonly Activations[]>();
  for (const unit of units) {
    const frozen = () =>
      activationsFrom(graph, unit.input, valuesNeeded(blockOf(unit)), inputs.get(unit.name)!, runtime);
    at.set(unit, operatingPoint === 'recomputed' ? whole : await frozen());
    if (at.get(unit)!.some((a) => !(a.get(unit.sum)!.data as Float32Array).every(Number.isFinite)))
      throw new UsageError(`${nameOf(scales)}: the activations of ${unit.name} overflow; expected smaller scales`);
  }
  const predicted = whole.map((a) => argMax(a.get(logits)!.data as Float32Array, 0, network.classes));
  return { scales, network, graph, units, at, predicted };
}

/** The scales that a unit's spectrum depends on: with frozen activations only its own. */
export function scalesOf({ request, changed }: Setting, unit: Unit, scales: Scales): Scales {
  return request.operatingPoint === 'frozen' && !changed.includes(unit.name) ? untouched : scales;
}

/** Names a spectrum; equal for equal ones. */
export function spectrumKey(setting: Setting, unit: Unit, image: number, scales: Scales): string {
  return `${unit.name}@${image} ${nameOf(scalesOf(setting, unit, scales))}`;
}
