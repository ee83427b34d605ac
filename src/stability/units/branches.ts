import { InputError, UsageError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import { type ImageDataset, toFloat } from '../../data/index.ts';
import { argMax, requireFiniteLogits, requireFit } from '../../evaluate/index.ts';
import type { Network } from '../../models/index.ts';
import { type Graph, tensor, type Value } from '../../onnx/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import type { SeenImage } from '../../schema/index.ts';
import { LinearizedMap } from '../spectra/jacobian.ts';
import { type Activations, activationsAt } from './activations.ts';
import { batchFor } from './block.ts';
import { featureCount, findUnits, selectUnits, type Unit } from './units.ts';

/** Which network is looked at, and where. */
export interface BranchRequest {
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Positions in the data set. */
  readonly images: readonly number[];
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** The network run at its images: what the measurements of branches begin with. */
export interface NetworkAtImages {
  readonly graph: Graph;
  readonly activations: readonly Activations[];
  readonly images: readonly SeenImage[];
}

/** All units of a network, laid out for one image. Throws UsageError where there are none, or where the images do not fit. */
export function unitsOf({ network, dataset, images }: BranchRequest): { graph: Graph; units: readonly Unit[] } {
  requireFit(network, dataset);
  if (images.length === 0) throw new InputError('images', 'expected at least one to linearize at');
  const graph = network.graph(1);
  const units = findUnits(graph);
  if (units.length === 0) throw new UsageError(`${network.name} has no residual units to linearize`);
  return { graph, units };
}

/** Single units that `selection` names; a run of units has no branch of its own. */
export function singleUnits(units: readonly Unit[], selection: string): Unit[] {
  return selectUnits(units, selection).map(({ name, units: run }) => {
    if (run.length > 1) throw new InputError('units', `${name} is a run; expected single units`);
    return run[0]!;
  });
}

/** Runs the network at every image and keeps `values`. */
export async function atImages(
  { network, dataset, images, runtime, signal }: BranchRequest,
  graph: Graph,
  values: readonly Value[],
): Promise<NetworkAtImages> {
  const logits = graph.outputs[0]!.value;
  const pixels = images.map((i) => tensor('float32', [1, ...dataset.shape], toFloat(dataset, [i])));
  const activations = await activationsAt(graph, [...values, logits], pixels, runtime, signal);
  return {
    graph,
    activations,
    images: images.map((index, i) => {
      const scores = activations[i]!.get(logits)!.data as Float32Array;
      requireFiniteLogits(network.name, scores);
      return { index, label: dataset.labels[index]!, predicted: argMax(scores, 0, scores.length) };
    }),
  };
}

/** The Jacobian of a unit's residual branch F, its scale included, without the shortcut. */
export const branchMap = (graph: Graph, unit: Unit, runtime: RuntimeOptions = {}): LinearizedMap =>
  new LinearizedMap(graph, unit.input, unit.branch, {
    vectors: Math.min(32, batchFor(featureCount(unit.input))),
    runtime,
  });
