import { UsageError } from '../../base/errors.ts';
import { formatIndices } from '../../base/indices.ts';
import type { OnProgress } from '../../base/progress.ts';
import { type ImageDataset, toFloat } from '../../data/index.ts';
import { requireFiniteLoss, requireFit } from '../../evaluate/index.ts';
import {
  defaultBasis,
  type Eigenpair,
  type Estimate,
  eigenvalueDensity,
  extremeEigenpairs,
  hutchinsonTrace,
  type SpectralDensity,
  traceOfDensity,
} from '../../linalg/index.ts';
import { type Model, type Network, normalizationEntry } from '../../models/index.ts';
import type { Params } from '../../nn/index.ts';
import { tensor } from '../../onnx/index.ts';
import { peakBytes, type RuntimeOptions, requireMemory } from '../../runtime/index.ts';
import { type Batch, chooseMicroBatch, classificationObjective } from '../../train/index.ts';
import { studentQuantile } from '../../verdict/index.ts';
import { environmentOf } from '../environment.ts';
import { HessianOperator, hessianGraph } from './hessian.ts';
import type { ConvergedEigenvalue, CurvatureDensity, CurvatureResult, ProbedValue } from './result.ts';

/** Whose loss, on which examples, and how much of its Hessian is to be found. */
export interface CurvatureRequest {
  readonly network: Network;
  readonly dataset: ImageDataset;
  /** Which part of the data set `dataset` is. */
  readonly split: string;
  /** Positions in it. */
  readonly images: readonly number[];
  /** How many of the largest eigenvalues, and of the smallest. */
  readonly largest: number;
  readonly smallest: number;
  /** Random probes for the trace, and for the density where there is one. */
  readonly probes: number;
  /** Lanczos steps a probe; without them there is no density. */
  readonly densitySteps?: number | undefined;
  /** Examples a call; what fits into memory, 64 at most, unless told. */
  readonly microBatch?: number | undefined;
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** What a request will cost. Finding out compiles the graph and takes a product over one micro-batch. */
export interface CurvaturePlan {
  readonly parameters: number;
  readonly examples: number;
  readonly microBatch: number;
  /** Of one Hessian-vector product over all examples. */
  readonly secondsPerProduct: number;
  /** At most: the eigenvalues may converge sooner. */
  readonly products: { readonly eigenvalues: number; readonly probes: number };
  /** At most. */
  readonly seconds: number;
  /** Of memory: the basis of the Krylov space, and what a call of the graph holds. */
  readonly bytes: number;
}

/** Eigenvalues closer to 0 than this, relative to the largest in size, count as zero: rounding in float32 gives them either sign. */
const zeroTolerance = 1e-4;

/** Larger micro-batches are hardly faster. */
const largestMicroBatch = 64;

/** A model with its values. Throws UsageError for a network whose loss is not that of a classifier built from named parameters. */
function builtClassifier({ name, task, builtFrom }: Network): { model: Model; params: Params } {
  if (task !== 'classification')
    throw new UsageError(`${name} is for ${task}; the Hessian is there for classifiers so far`);
  if (!builtFrom)
    throw new UsageError(`${name} does not say which of its constants are trained; expected a built-in model`);
  return builtFrom;
}

/** A measurement of the Hessian with everything prepared: graphs compiled, one product timed. Call `dispose` at the end. */
export class CurvatureMeasurement {
  readonly plan: CurvaturePlan;
  readonly #request: CurvatureRequest;
  readonly #operator: HessianOperator;

  private constructor(request: CurvatureRequest, operator: HessianOperator, plan: CurvaturePlan) {
    this.#request = request;
    this.#operator = operator;
    this.plan = plan;
  }

  /** Throws UsageError for a network that is no built-in classifier, and for data that it is not for. */
  static async prepare(request: CurvatureRequest): Promise<CurvatureMeasurement> {
    const { network, dataset, images, runtime, signal } = request;
    const { model, params } = builtClassifier(network);
    requireFit(network, dataset);
    if (images.length === 0) throw new UsageError('no images: expected at least one to average the loss over');
    const objective = (batch: number) => classificationObjective(model, batch);
    const probe = Math.min(4, images.length);
    const bytes = peakBytes(hessianGraph(objective(probe), model.parameters, params));
    const microBatch = Math.min(
      images.length,
      request.microBatch ?? chooseMicroBatch(largestMicroBatch, { batch: probe, bytes }),
    );
    const operator = new HessianOperator({
      objective,
      parameters: model.parameters,
      values: params,
      examples: images.length,
      microBatch,
      batch: (first, size) => labelled(dataset, images.slice(first, first + size)),
      ...(runtime ? { runtime } : {}),
      signal,
    });
    try {
      const perProduct = await operator.secondsPerProduct();
      const plan = planOf(request, operator.rows, { microBatch, perProduct, graphBytes: (bytes / probe) * microBatch });
      return new CurvatureMeasurement(request, operator, plan);
    } catch (error) {
      await operator.dispose();
      throw error;
    }
  }

  async run(): Promise<CurvatureResult> {
    const began = performance.now();
    requireMemory(
      this.plan.bytes,
      `the Hessian of ${this.#request.network.name}`,
      'ask for fewer eigenvalues or Lanczos steps, or take fewer examples at a time',
    );
    const {
      network,
      dataset,
      split,
      images,
      largest,
      smallest,
      probes,
      seed = 0,
      signal,
      runtime = {},
    } = this.#request;
    const { plan } = this;
    const operator = this.#operator;
    const { loss, gradient } = await operator.gradient();
    requireFiniteLoss(network.name, loss);
    const report = this.#request.onProgress;
    // Eigenvalues that converge sooner than at most make the whole smaller.
    const within = (done: number, now: number, later: number, detail: string) => (fraction: number) =>
      report?.((done + fraction * now) / (done + now + later), detail);
    const ends = await extremeEigenpairs(operator, {
      largest,
      smallest,
      seed,
      signal,
      onProgress: within(0, plan.products.eigenvalues, plan.products.probes, 'extreme eigenvalues'),
    });
    const known = distinct([...ends.largest, ...ends.smallest]);
    const shared = { probes, seed, signal };
    const onProgress = within(ends.products, plan.products.probes, 0, `${probes} probes`);
    const { densitySteps: steps } = this.#request;
    const density = steps === undefined ? null : await eigenvalueDensity(operator, { ...shared, steps, onProgress });
    const trace = density
      ? traceOfDensity(density, { seed, known })
      : await hutchinsonTrace(operator, { ...shared, known, onProgress });
    return {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset: dataset.name,
      split,
      examples: images.length,
      images: formatIndices(images),
      parameters: operator.rows,
      loss,
      gradientNorm: Math.sqrt(gradient.reduce((s, g) => s + g * g, 0)),
      eigenvalues: ends.largest.map(withoutVector),
      smallest: ends.smallest.map(withoutVector),
      wanted: { largest: Math.min(largest, operator.rows), smallest: Math.min(smallest, operator.rows) },
      trace: { ...probed(trace), probes },
      meanEigenvalue: probed({
        value: trace.value / operator.rows,
        standardError: trace.standardError / operator.rows,
      }),
      density: density && describedDensity(density),
      products: operator.products,
      microBatch: plan.microBatch,
      seed,
      seconds: (performance.now() - began) / 1000,
      environment: environmentOf(runtime),
    };
  }

  dispose(): Promise<void> {
    return this.#operator.dispose();
  }
}

/** Prepares, measures and disposes in one call. */
export async function measureCurvature(request: CurvatureRequest): Promise<CurvatureResult> {
  const measurement = await CurvatureMeasurement.prepare(request);
  try {
    return await measurement.run();
  } finally {
    await measurement.dispose();
  }
}

function labelled(dataset: ImageDataset, indices: readonly number[]): Batch {
  const size = indices.length;
  return {
    inputs: {
      image: tensor('float32', [size, ...dataset.shape], toFloat(dataset, indices)),
      label: tensor(
        'int64',
        [size],
        BigInt64Array.from(indices, (index) => BigInt(dataset.labels[index]!)),
      ),
    },
    targets: size,
  };
}

/** Multiply-adds a second of the loops over basis vectors, on one core. */
const loopRate = 0.6e9;

function planOf(
  { images, largest, smallest, probes, densitySteps }: CurvatureRequest,
  rows: number,
  { microBatch, perProduct, graphBytes }: { microBatch: number; perProduct: number; graphBytes: number },
): CurvaturePlan {
  const wanted = Math.min(rows, largest) + Math.min(rows, smallest);
  const basis = Math.min(rows, defaultBasis(wanted));
  const steps = densitySteps === undefined ? 1 : Math.min(rows, densitySteps);
  const products = { eigenvalues: basis + wanted, probes: probes * steps };
  // Each new vector meets all before it, twice, with a product and a subtraction each.
  const meetings = 2 * (basis ** 2 + probes * steps ** 2);
  return {
    parameters: rows,
    examples: images.length,
    microBatch,
    secondsPerProduct: perProduct,
    products,
    seconds: (products.eigenvalues + products.probes) * perProduct + (meetings * rows) / loopRate,
    bytes: 8 * rows * (basis + wanted + (densitySteps === undefined ? 4 : steps)) + graphBytes,
  };
}

/** An eigenvalue near both ends of a small spectrum is in both lists. */
function distinct(pairs: readonly Eigenpair[]): Eigenpair[] {
  return [...new Map(pairs.map((p) => [p.value, p])).values()];
}

const withoutVector = ({ value, residual }: Eigenpair): ConvergedEigenvalue => ({ value, residual });

const probed = ({ value, standardError }: Estimate): ProbedValue => ({
  value,
  standardError: Number.isNaN(standardError) ? null : standardError,
});

/** 95 % of Student's t with one degree of freedom less than there are probes, within 0 and 1. Null with one probe. */
function shareWithin({ value, standardError }: Estimate, probes: number): CurvatureDensity['negativeMass']['interval'] {
  if (probes < 2) return null;
  const reach = studentQuantile(0.975, probes - 1) * standardError;
  return { low: Math.max(0, value - reach), high: Math.min(1, value + reach) };
}

/** Counts of a density, and its rules as plain arrays. */
function describedDensity(density: SpectralDensity): CurvatureDensity {
  const { rules, cols } = density;
  const largest = Math.max(...rules.flatMap(({ nodes }) => [Math.abs(nodes[0]!), Math.abs(nodes.at(-1)!)]));
  const tolerance = zeroTolerance * largest;
  const share = (holds: (value: number) => boolean) => {
    const { value, standardError } = density.sum((x) => (holds(x) ? 1 : 0));
    return probed({ value: value / cols, standardError: standardError / cols });
  };
  const mass = density.ratio((x) => Math.max(0, -x), Math.abs);
  return {
    probes: rules.length,
    steps: Math.max(...rules.map((r) => r.nodes.length)),
    tolerance,
    below: share((x) => x < -tolerance),
    zero: share((x) => Math.abs(x) <= tolerance),
    above: share((x) => x > tolerance),
    negativeMass: { ...probed(mass), interval: shareWithin(mass, rules.length) },
    rules: rules.map(({ nodes, weights }) => ({ nodes: [...nodes], weights: [...weights] })),
  };
}
