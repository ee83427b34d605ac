import { InputError, reasonOf, UsageError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import { meanOf } from '../../base/statistics.ts';
import { argMax } from '../../evaluate/index.ts';
import {
  abortable,
  type LinearOperator,
  randomBasis,
  singularValues,
  topSingularTriplets,
} from '../../linalg/index.ts';
import { type Network, normalizationEntry } from '../../models/index.ts';
import { flopsOf, type Graph, GraphError, type TensorData } from '../../onnx/index.ts';
import { availableMemory, type RuntimeOptions, requireMemory } from '../../runtime/index.ts';
import type { EmbeddingGrowth, StreamMapResult, TokenCoupling, TokensResult } from '../../schema/index.ts';
import { environmentOf } from '../environment.ts';
import { LinearizedMap } from '../spectra/jacobian.ts';
import { probeDense } from '../spectra/probing.ts';
import { type Activations, activationsAt } from '../units/activations.ts';
import { consumers, nodesBetween } from '../units/dominators.ts';
import { coupling, type TakenApart, takeApart } from './coupling.ts';
import { embeddingGrowth, type GrowthOptions } from './growth.ts';
import { normalityOf } from './normality.ts';
import { axisOf, type TokenLayout, tokenLayout, tokenOf, withToken } from './token-layout.ts';
import { type StreamMap, streamMaps } from './transformer-blocks.ts';

/** A point at which a transformer is linearized. */
export interface TokenPoint {
  /** Position in the data set. */
  readonly at: number;
  /** What the network is fed: pixels [1, C, H, W], or numbers of tokens [1, T]. */
  readonly input: TensorData;
  /** Classes by row of the logits; -1 where there is none. */
  readonly labels: readonly number[];
}

/** A transformer, the sequences at which it is linearized, and what is measured there. */
export interface TokensRequest {
  readonly network: Network;
  /** The network laid out for one example, and for as many tokens as the points have. */
  readonly graph: Graph;
  /** Name of the data. */
  readonly dataset: string;
  readonly points: readonly TokenPoint[];
  /** The same architecture untrained: a control for the growth of perturbations. */
  readonly untrained?: Network | undefined;
  /** Positions of tokens in the sequence, or the last one. */
  readonly tokens: 'last' | readonly number[];
  readonly top: number;
  readonly radius: number;
  readonly steps: number;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface TokensPlan {
  readonly maps: readonly {
    readonly name: string;
    readonly tokens: number;
    readonly width: number;
    readonly dense: boolean;
  }[];
  readonly seconds: number;
  readonly bytes: number;
}

/** A map with the tokens of its two states, and those of the chosen ones that it has. */
interface LaidMap extends StreamMap {
  readonly tokens: { readonly from: TokenLayout; readonly to: TokenLayout; readonly chosen: readonly number[] };
}

/** A map that is not measured. */
interface UnfitMap {
  readonly name: string;
  readonly because: string;
}

/** Up to this width the Jacobians of tokens are written out; beyond it their leading values come from products. */
const largestDense = 1024;

/** Up to this many numbers of a state so is the map of all tokens. */
const largestWhole = 4096;

/** Products take one vector each, so that wide blocks of them gain nothing; a short basis, restarted often, is cheap to take apart. */
const searchBySingles = (count: number) => ({
  ...{ count, tolerance: 1e-5, restarts: 100 },
  ...{ block: 2, maxBasis: Math.max(80, 3 * count + 20) },
});

/** Jacobians of the blocks of a transformer, token by token, with the points run and the plan ready. */
export class TokensMeasurement {
  readonly plan: TokensPlan;
  readonly #request: TokensRequest;
  readonly #maps: readonly LaidMap[];
  readonly #unfit: readonly UnfitMap[];
  readonly #activations: readonly Activations[];

  private constructor(
    request: TokensRequest,
    maps: readonly LaidMap[],
    unfit: readonly UnfitMap[],
    activations: readonly Activations[],
  ) {
    [this.#request, this.#maps, this.#unfit, this.#activations] = [request, maps, unfit, activations];
    const { graph, points, top } = request;
    let seconds = 0;
    let bytes = 0;
    const planned = maps.map((map) => {
      const { tokens: count, width } = map.tokens.from;
      const flops = nodesBetween(graph, map.from, map.to).reduce((sum, n) => sum + flopsOf(n), 0);
      const dense = width <= largestDense;
      const chosen = map.tokens.chosen.length;
      const size = count * width;
      const products =
        (size > largestWhole ? 30 * top + 400 : size) + (dense ? chosen * width : chosen ** 2 * (20 * top + 60));
      seconds += points.length * products * (2e-4 + (2 * flops) / 2e10);
      const whole = size > largestWhole ? 16 * size * (2 * top + 400) : 16 * size ** 2;
      bytes = Math.max(bytes, whole + (dense ? 8 * chosen * count * width * width : 0));
      return { name: map.name, tokens: count, width, dense };
    });
    this.plan = { maps: planned, seconds, bytes: bytes + 2e8 };
    requireMemory(
      this.plan.bytes,
      'the Jacobians of all tokens by those chosen',
      'choose fewer tokens',
      availableMemory(),
    );
  }

  /** Finds the blocks and runs the network at every point. Throws UsageError for a network without blocks, InputError for tokens that are not there. */
  static async prepare(request: TokensRequest): Promise<TokensMeasurement> {
    const { graph, network, points, tokens, runtime } = request;
    if (points.length === 0) throw new InputError('at', 'expected at least one position to linearize at');
    const { maps, unfit } = layOut(graph, tokens);
    if (maps.length === 0)
      throw new UsageError(
        `${network.name} has no residual blocks of tokens to linearize${unfit[0] ? `: ${unfit[0].because}` : ''}`,
      );
    const activations = await activationsAt(
      graph,
      maps.map((m) => m.from),
      points.map((p) => p.input),
      runtime,
    );
    return new TokensMeasurement(request, maps, unfit, activations);
  }

  async run(): Promise<TokensResult> {
    const began = performance.now();
    const {
      network,
      graph,
      dataset,
      points,
      untrained,
      top,
      radius,
      steps,
      seed,
      runtime = {},
      signal,
      onProgress,
    } = this.#request;
    const maps: StreamMapResult[] = [];
    const couplings: TokenCoupling[] = [];
    const growth: EmbeddingGrowth[] = [];
    const untrainedGrowth: EmbeddingGrowth[] = [];
    const unmeasured = [...this.#unfit];
    const blocks = this.#maps.filter((m) => m.part === 'block');
    const stages = stagesOf(blocks);
    let done = 0;
    for (const [p, point] of points.entries()) {
      const branches: Branch[] = [];
      for (const map of this.#maps) {
        signal?.throwIfAborted();
        onProgress?.(done++ / (this.#maps.length * points.length), `${map.name} at ${point.at}`);
        try {
          const { result, own } = await this.#measure(map, this.#activations[p]!, point.at);
          maps.push(result);
          if (map.part === 'block' && map.additive)
            for (const { token, branch } of own)
              branches.push({ name: map.name, stage: stages.get(map)!, token, branch });
        } catch (error) {
          if (!(error instanceof GraphError)) throw error;
          if (!unmeasured.some((u) => u.name === map.name))
            unmeasured.push({ name: map.name, because: reasonOf(error) });
        }
      }
      couplings.push(...couplingsOf(branches, point.at, top, seed));
      const state = this.#activations[p]!.get(blocks[0]!.from)!;
      const options = { at: point.at, radius, steps, seed, runtime, signal };
      growth.push(await embeddingGrowth(graph, blocks, state, point.labels, options));
      if (untrained) untrainedGrowth.push(await growthOnOwnAnswers(untrained, point, options));
    }
    if (maps.length === 0)
      throw new GraphError(`${network.name}: no block could be measured; the first: ${unmeasured[0]!.because}`);
    return {
      model: network.name,
      weights: network.weights,
      ...normalizationEntry(network),
      dataset,
      top,
      maps,
      coupling: couplings,
      growth,
      ...(untrained ? { untrained: { weights: untrained.weights, growth: untrainedGrowth } } : {}),
      unmeasured,
      ...(network.notes?.length ? { notes: network.notes } : {}),
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  async #measure(map: LaidMap, at: Activations, position: number) {
    const began = performance.now();
    const { graph, runtime = {}, top, seed, signal } = this.#request;
    const { from, to, chosen: tokens } = map.tokens;
    const linearized = new LinearizedMap(graph, map.from, map.to, { vectors: 1, whole: true, runtime });
    try {
      const operator = await linearized.at(at.get(map.from)!);
      const whole = await leadingOf(operator, top, { seed, signal, threads: runtime.threads });
      const pairs: StreamMapResult['pairs'][number][] = [];
      const reach: StreamMapResult['reach'][number][] = [];
      const normality: StreamMapResult['normality'][number][] = [];
      const own: { token: number; branch: TakenApart }[] = [];
      const square = from.width === to.width;
      for (const token of tokens) {
        if (from.width > largestDense || !square) {
          for (const other of tokens) pairs.push(await leadingPair(operator, from, to, [token, other], top, seed));
          continue;
        }
        const columns = await columnsOf(operator, from, token, signal);
        reach.push({ from: token, norms: Array.from({ length: to.tokens }, (_, t) => frobeniusOf(columns, to, t)) });
        for (const other of tokens) {
          const matrix = matrixOf(columns, to, other);
          const apart = await takeApart(matrix, from.width, top);
          pairs.push({ from: token, to: other, singularValues: apart.values, frobenius: apart.frobenius });
          if (other !== token) continue;
          const found = normalityOf(matrix, from.width);
          if (found) normality.push({ token, norm: apart.values[0]!, ...found });
          if (map.part !== 'block' || !map.additive) continue;
          for (let i = 0; i < from.width; i++) matrix[i * from.width + i]! -= 1;
          own.push({ token, branch: await takeApart(matrix, from.width, top) });
        }
      }
      const result: StreamMapResult = {
        ...{ name: map.name, part: map.part, at: position, units: map.units },
        ...{ tokens: from.tokens, width: from.width, additive: map.additive },
        singularValues: Array.from(whole.values),
        residual: whole.maxResidual,
        ...{ pairs, reach, normality, seconds: (performance.now() - began) / 1000 },
      };
      return { result, own };
    } finally {
      await linearized.dispose();
    }
  }
}

/**
 * The maps of a stream with their tokens. Those that have none of the chosen ones, or no tokens at all, are unfit. Throws InputError for a token that no
 * map has.
 */
function layOut(graph: Graph, chosen: 'last' | readonly number[]) {
  const readers = consumers(graph);
  const unfit: UnfitMap[] = [];
  const counts: { readonly name: string; readonly count: number }[] = [];
  const maps = streamMaps(graph).flatMap((map): LaidMap[] => {
    try {
      const axis = axisOf(readers, map.from);
      const from = tokenLayout(map.from, axis);
      const to = tokenLayout(map.to, axis ?? axisOf(readers, map.to));
      const count = Math.min(from.tokens, to.tokens);
      counts.push({ name: map.name, count });
      const own = chosen === 'last' ? [count - 1] : chosen.filter((t) => t < count);
      if (own.length) return [{ ...map, tokens: { from, to, chosen: own } }];
      unfit.push({ name: map.name, because: `it has ${count} tokens, none of those chosen` });
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      unfit.push({ name: map.name, because: reasonOf(error) });
    }
    return [];
  });
  const [most] = counts.toSorted((a, b) => b.count - a.count);
  const missing = chosen === 'last' || !most ? undefined : chosen.find((t) => t >= most.count);
  if (missing !== undefined)
    throw new InputError('tokens', `there is no token ${missing}: ${most!.name} has ${most!.count}`);
  return { maps, unfit };
}

/** The growth of perturbations against what a network answers itself, as an untrained one knows no right answers; where a point has no label it has none here. */
async function growthOnOwnAnswers(
  network: Network,
  point: TokenPoint,
  options: GrowthOptions,
): Promise<EmbeddingGrowth> {
  const graph = network.task === 'language' ? network.graph(1, point.input.shape[1]) : network.graph(1);
  const blocks = streamMaps(graph).filter((m) => m.part === 'block');
  const logits = graph.outputs[0]!.value;
  const [at] = await activationsAt(graph, [blocks[0]!.from, logits], [point.input], options.runtime, options.signal);
  const scores = at!.get(logits)!.data as Float32Array;
  const answers = point.labels.map((label, row) =>
    label < 0 ? label : argMax(scores, row * network.classes, network.classes),
  );
  return embeddingGrowth(graph, blocks, at!.get(blocks[0]!.from)!, answers, options);
}

/** The leading singular values of the map of all tokens: exact where it is small, from products where it is not. */
async function leadingOf(
  operator: LinearOperator,
  top: number,
  options: { readonly seed: number; readonly signal?: AbortSignal | undefined; readonly threads?: number | undefined },
): Promise<{ readonly values: Float64Array; readonly maxResidual: number }> {
  const { rows, cols } = operator;
  if (Math.max(rows, cols) > largestWhole)
    return topSingularTriplets(operator, { ...searchBySingles(top), ...options });
  const { matrix, ...size } = await probeDense(abortable(operator, options.signal), 1);
  const { values, maxResidual } = await singularValues(matrix, size.rows, size.cols, options);
  return { values: values.slice(0, top), maxResidual };
}

/** J e_c for every entry c of an input token, each a state of all output tokens. */
async function columnsOf(
  operator: LinearOperator,
  from: TokenLayout,
  token: number,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const columns: Float32Array[] = [];
  for (let c = 0; c < from.width; c++) {
    signal?.throwIfAborted();
    const unit = new Float64Array(from.width);
    unit[c] = 1;
    columns.push(Float32Array.from(await operator.apply(withToken(unit, from, token), 1)));
  }
  return columns;
}

/** The Jacobian of one output token, row-major in float64. */
function matrixOf(columns: readonly Float32Array[], to: TokenLayout, token: number): Float64Array {
  const matrix = new Float64Array(to.width * columns.length);
  columns.forEach((column, c) => {
    tokenOf(column, to, token).forEach((v, r) => {
      matrix[r * columns.length + c] = v;
    });
  });
  return matrix;
}

const frobeniusOf = (columns: readonly Float32Array[], to: TokenLayout, token: number): number =>
  Math.sqrt(columns.reduce((sum, c) => sum + tokenOf(c, to, token).reduce((s, v) => s + v * v, 0), 0));

/** Leading values of one token's Jacobian by another from products alone, those that converged; its Frobenius norm stays unknown. */
async function leadingPair(
  operator: LinearOperator,
  from: TokenLayout,
  to: TokenLayout,
  [token, other]: readonly [number, number],
  count: number,
  seed: number,
): Promise<StreamMapResult['pairs'][number]> {
  const each = async (
    block: Float32Array | Float64Array,
    n: number,
    through: (v: Float64Array) => Promise<Float64Array>,
  ) => {
    const size = block.length / n;
    const images = [];
    for (let i = 0; i < n; i++) images.push(await through(Float64Array.from(block.subarray(i * size, (i + 1) * size))));
    return Float64Array.from(images.flatMap((image) => Array.from(image)));
  };
  const restricted: LinearOperator = {
    rows: to.width,
    cols: from.width,
    dtype: operator.dtype,
    apply: (block, n) =>
      each(block, n, async (v) => tokenOf(await operator.apply(withToken(v, from, token), 1), to, other)),
    applyTranspose: (block, n) =>
      each(block, n, async (u) => tokenOf(await operator.applyTranspose(withToken(u, to, other), 1), from, token)),
  };
  const { values } = await topSingularTriplets(restricted, { ...searchBySingles(count), seed });
  return { from: token, to: other, singularValues: Array.from(values), frobenius: null };
}

/** A block without its identity, at a token. */
interface Branch {
  readonly name: string;
  /** Blocks of one stage feed each other directly: their states are of one space. */
  readonly stage: number;
  readonly token: number;
  readonly branch: TakenApart;
}

/** Blocks numbered by the runs in which each begins where the one before it ended. */
function stagesOf(blocks: readonly StreamMap[]): ReadonlyMap<StreamMap, number> {
  let stage = 0;
  return new Map(
    blocks.map((block, i) => {
      if (i > 0 && blocks[i - 1]!.to !== block.from) stage++;
      return [block, stage];
    }),
  );
}

/** m_K between all pairs of blocks of a stage, for each chosen token, with random vectors as the control. */
function couplingsOf(branches: readonly Branch[], at: number, top: number, seed: number): TokenCoupling[] {
  const groups = [...new Map(branches.map((b) => [`${b.stage}/${b.token}`, b])).values()];
  return groups.map(({ stage, token }) => {
    const own = branches.filter((b) => b.token === token && b.stage === stage);
    const { size } = own[0]!.branch;
    const found = own.map((a) => own.map((b) => coupling(a.branch, b.branch)));
    const values = found.map((row) => row.map((c) => c.signed));
    const apart = values.flatMap((row, i) => row.filter((_, j) => j !== i));
    const basis = (side: string) => randomBasis(size, Math.min(top, size), { seed, purpose: `tokens/${side}` });
    const random = { left: basis('left'), right: basis('right') };
    const controls = own.map((b) => coupling(b.branch, { ...b.branch, ...random }).signed);
    const mean = (xs: readonly number[]) => (xs.length ? meanOf(xs) : null);
    return {
      ...{ at, token, blocks: own.map((b) => b.name), values, mean: mean(apart) },
      unsigned: found.map((row) => row.map((c) => c.unsigned)),
      control: own.length > 1 ? mean(controls) : null,
    };
  });
}

/** Jacobians of a transformer's blocks: prepare and run in one call. */
export async function measureTokens(request: TokensRequest): Promise<TokensResult> {
  return (await TokensMeasurement.prepare(request)).run();
}
