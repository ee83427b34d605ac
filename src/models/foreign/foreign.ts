import { BallastError, FileError, UsageError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import { readBytes } from '../../formats/index.ts';
import {
  type DeclaredInput,
  type Dim,
  flopsOf,
  type Graph,
  GraphError,
  type OnnxModel,
  openModel,
  sizeOf,
  staticShape,
  tensor,
  toNumbers,
  type Value,
} from '../../onnx/index.ts';
import { compile } from '../../runtime/index.ts';
import type { Network, NetworkRequest } from '../network.ts';
import { applied, forChannels, type Normalization, normalizationNamed } from '../normalization.ts';
import { headOf, noteOfHead } from './classifier-head.ts';
import { externalDataBeside } from './external-data.ts';
import { checkConstants } from './finite-constants.ts';
import { repeated, withImageInterface } from './image-interface.ts';
import { besideNote, joinParallelBranches } from './parallel-branches.ts';
import { takesBytes } from './pixel-range.ts';
import { takesTokens, tokenNetwork } from './token-interface.ts';

/** Elements of one tensor for one image: so many, or so many times those of the image. */
const largestValue = 2 ** 26;
const largestGrowth = 1024;
/** FLOPs for one image; the largest vision transformers take 5e12. */
const mostFlops = 2e13;

/** What a user's file is taken for. */
interface Foreign {
  readonly path: string;
  readonly model: OnnxModel;
  readonly input: DeclaredInput;
  /** Sizes of open dimensions other than the batch. */
  readonly sizes: Readonly<Record<string, number>>;
  /** [N, H, W, C] in place of [N, C, H, W]. */
  readonly channelsLast: boolean;
  readonly output: string;
  readonly range: 1 | 255;
  readonly normalization: Normalization;
}

/** Loads a user's own ONNX classifier or language model, with our interface in front of it and behind it. Throws FileError, GraphError, UsageError. */
export async function loadForeign(request: NetworkRequest): Promise<Network> {
  const { model: path, weights, weightsKey, normalize } = request;
  if (weights !== undefined || weightsKey !== undefined)
    throw new UsageError(`weights do not go with ${path}: an .onnx file carries its own`);
  const normalization = normalizationNamed(normalize ?? 'none') ?? normalizationNamed('none')!;
  const bytes = await readBytes(path, 'an ONNX model file');
  const model = openModel(bytes, { path, external: externalDataBeside(path) });
  if (takesTokens(model)) {
    const network = tokenNetwork(request, model);
    const one = network.graph(1);
    checkSize(path, one, 'sequence');
    checkConstants(one, path);
    return network;
  }
  const notes = new Set<string>();
  const foreign = describe(request, model, normalization, (note) => notes.add(note));
  const one = read(foreign, { batch: 1, onNote: (note) => notes.add(note) });
  checkSize(path, one, 'image');
  checkConstants(readOwn(foreign, { batch: 1 }), path);
  const { batch } = foreign.input.shape[0] === 1 ? await batchOf(foreign) : { batch: 'open' as const };
  if (batch === 'rebatched')
    notes.add('the file is for one image at a time; larger batches give what single images give');
  if (batch === 'single') notes.add('the file is for one image at a time, and images go through it one by one');
  const graphs = new Map<Dim, Graph>([[1, one]]);
  const graph = (size: Dim): Graph => {
    const known = graphs.get(size);
    if (known) return known;
    if (batch !== 'open' && typeof size !== 'number')
      throw new GraphError(`${path} is for one image at a time, not for an open batch`);
    const made =
      batch === 'single'
        ? repeated(one, size as number)
        : read(foreign, { batch: size, rebatch: batch === 'rebatched' });
    graphs.set(size, made);
    return made;
  };
  const channels = staticShape(one.inputs[0]!)[1]!;
  return {
    ...applied(forChannels(normalization, channels, path), normalize, undefined),
    name: path,
    weights: path,
    task: 'classification',
    inputShape: staticShape(one.inputs[0]!).slice(1),
    classes: one.outputs[0]!.value.shape[1] as number,
    notes: [...notes],
    ...(batch === 'single' ? { largestBatch: 1 } : {}),
    graph,
  };
}

function describe(
  request: NetworkRequest,
  model: OnnxModel,
  normalization: Normalization,
  onNote: (note: string) => void,
): Foreign {
  const path = request.model;
  const [input, ...more] = model.inputs;
  if (!input || more.length || input.shape.length !== 4) {
    const found = few(model.inputs.map((v) => `${v.name}[${v.shape.join(', ')}]`)) || 'none';
    throw new FileError(path, `expected one input [batch, channels, height, width], got ${found}`);
  }
  const channelsLast = isChannelsLast(input.shape);
  if (channelsLast) onNote('its images have their channels last');
  const sizes = sizesOf(request, input, channelsLast);
  const output = outputOf(request, model);
  const undecided = { path, model, input, sizes, channelsLast, output, normalization };
  const range = rangeOf(request, undecided, onNote);
  return { ...undecided, range };
}

/** The first names of a list that a file may have made long. */
const few = (names: readonly string[]) =>
  [...names.slice(0, 6), ...(names.length > 6 ? [`... (${names.length})`] : [])].join(', ');

const isCount = (d: Dim | undefined) => d === 1 || d === 3;

function isChannelsLast([, second, , last]: readonly Dim[]): boolean {
  return isCount(last) && !isCount(second) && (typeof second === 'string' || second! > 4);
}

/** Sizes of open dimensions: those asked for, else those of the images. */
function sizesOf({ model: path, bind = {}, inputShape }: NetworkRequest, input: DeclaredInput, channelsLast: boolean) {
  const [, ...axes] = input.shape;
  const [channels, height, width] = inputShape ?? [];
  const pictured = channelsLast ? [height, width, channels] : [channels, height, width];
  const open = new Map<string, number | undefined>();
  axes.forEach((d, i) => {
    if (typeof d === 'string') open.set(d, bind[d] ?? open.get(d) ?? pictured[i]);
  });
  for (const name of Object.keys(bind)) {
    if (open.has(name)) continue;
    const names = open.size ? `its open dimensions are ${[...open.keys()].join(', ')}` : 'it has none beside the batch';
    throw new UsageError(`${path} has no open dimension "${name}" to bind: ${names}`);
  }
  const missing = [...open].flatMap(([name, size]) => (size === undefined ? [name] : []));
  if (missing.length) {
    throw new UsageError(
      `${path} has the input ${input.name}[${input.shape.join(', ')}]; bind ${missing.join(', ')} to sizes (as ${missing.map((m) => `${m}=224`).join(',')})`,
    );
  }
  return Object.fromEntries(open) as Record<string, number>;
}

/** The output with the class scores: the one asked for, else `logits` or the first. */
function outputOf({ model: path, logits }: NetworkRequest, model: OnnxModel): string {
  const { outputs } = model;
  if (logits !== undefined && !outputs.includes(logits)) {
    throw new UsageError(`${path} has no output "${logits}", only ${few(outputs)}`);
  }
  return logits ?? outputs.find((name) => name === 'logits') ?? outputs[0]!;
}

function rangeOf(
  { inputRange, normalize = 'none' }: NetworkRequest,
  foreign: Omit<Foreign, 'range'>,
  onNote: (note: string) => void,
): 1 | 255 {
  const { path, input, normalization } = foreign;
  if (input.dtype === 'int8' || input.dtype === 'bool') {
    throw new FileError(path, `its input ${input.name} is ${input.dtype}, which pixels cannot be written as`);
  }
  const whole = !/^float/.test(input.dtype);
  const range = inputRange ?? (whole || takesBytes(...ownGraph({ ...foreign, range: 1 })) ? 255 : 1);
  if (range === 255 && inputRange === undefined) {
    if (normalization && normalize !== 'none') {
      throw new UsageError(
        `${path} takes pixels from 0 to 255 and normalizes them itself; normalization "${normalize}" does not go with it`,
      );
    }
    onNote(
      `it takes pixels from 0 to 255${whole ? ` as ${input.dtype}, which are fed unrounded` : ''}: they are multiplied by 255`,
    );
  }
  return range;
}

function ownGraph(foreign: Foreign): [Graph, Value] {
  const graph = readOwn(foreign, { batch: 1 });
  return [graph, graph.inputs[0]!];
}

interface Reading {
  readonly batch: Dim;
  readonly rebatch?: boolean;
  readonly onNote?: (note: string) => void;
}

/** The file's own graph with everything but a batch given by name bound. */
function readOwn({ model, input, sizes, output }: Foreign, { batch, rebatch = false, onNote }: Reading): Graph {
  const first = input.shape[0]!;
  if (typeof first === 'number' && !rebatch && batch !== first) {
    const wanted = `batch size ${batch} was asked for, but the file fixes ${input.name}[${input.shape.join(', ')}]`;
    throw new GraphError(`${wanted}; export it with an open batch`);
  }
  return model.read({
    bind: { ...sizes, ...(typeof first === 'string' ? { [first]: batch } : {}) },
    outputs: [output],
    picturesAsFloats: true,
    ...(rebatch ? { rebatch: batch as number } : {}),
    ...(onNote ? { onNote } : {}),
  });
}

/** The graph with our interface: input `image` [N, C, H, W] in [0, 1], output `logits` [N, classes]. */
function read(foreign: Foreign, reading: Reading): Graph {
  const { path, range, channelsLast, normalization, output } = foreign;
  const own = joinParallelBranches(readOwn(foreign, reading), () => reading.onNote?.(besideNote));
  const head = own.outputs[0] && headOf(own, own.outputs[0].value);
  if (!head) {
    const others = foreign.model.outputs.filter((name) => name !== output);
    const hint = others.length ? `; name another output as the logits: ${few(others)}` : '';
    throw new FileError(
      path,
      `expected an output [batch, classes], got ${output}[${own.outputs[0]?.value.shape.join(', ') ?? ''}]${hint}`,
    );
  }
  if (head.removed) reading.onNote?.(noteOfHead(head));
  const { logits, classes } = head;
  return withImageInterface(own, { what: path, logits, classes, flat: true, normalization, range, channelsLast });
}

/** A file must not make more of an image or a sequence than a network does. */
function checkSize(path: string, graph: Graph, example: 'image' | 'sequence'): void {
  const limit = Math.max(largestValue, largestGrowth * sizeOf(staticShape(graph.inputs[0]!)));
  let flops = 0;
  for (const node of graph.nodes) {
    flops += flopsOf(node);
    const large = node.outputs.find((v) => sizeOf(staticShape(v)) > limit);
    if (large) {
      throw new FileError(
        path,
        `${node.opType} "${node.name}" makes ${sizeOf(staticShape(large))} numbers of one ${example}; expected at most ${limit}`,
      );
    }
  }
  if (flops > mostFlops)
    throw new FileError(
      path,
      `takes ${flops.toExponential(1)} FLOPs for one ${example}; expected at most ${mostFlops.toExponential(0)}`,
    );
}

/**
 * What larger batches of a file that is for one image are made of: `rebatched` where the batch could be followed through it, which is
 * compared with single images on three random ones, `single` where it could not.
 */
async function batchOf(foreign: Foreign): Promise<{ batch: 'rebatched' | 'single' }> {
  const count = 3;
  try {
    const [one, many] = [read(foreign, { batch: 1 }), read(foreign, { batch: count, rebatch: true })];
    const shape = staticShape(one.inputs[0]!).slice(1);
    const stream = new RandomStream({ seed: 0, purpose: 'rebatch' });
    const pixels = Float32Array.from({ length: count * sizeOf(shape) }, () => stream.uniform());
    const run = async (graph: Graph, size: number, data: Float32Array) => {
      const program = await compile(graph, { emission: 'plain' });
      try {
        return toNumbers((await program.run({ image: tensor('float32', [size, ...shape], data) })).logits!);
      } finally {
        await program.dispose();
      }
    };
    const together = await run(many, count, pixels);
    const images = [];
    for (let i = 0; i < count; i++)
      images.push(await run(one, 1, pixels.subarray(i * sizeOf(shape), (i + 1) * sizeOf(shape))));
    const apart = images.flat();
    const largest = apart.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const same =
      together.length === apart.length && together.every((v, i) => Math.abs(v - apart[i]!) <= 1e-4 * largest);
    return { batch: same ? 'rebatched' : 'single' };
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    return { batch: 'single' };
  }
}
