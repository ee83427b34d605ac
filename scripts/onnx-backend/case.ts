import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../src/base/errors.ts';
import { decodeTensor } from '../../src/onnx/file/decode.ts';
import { decodeModel, decodeTensorFile, encodeModel } from '../../src/onnx/file/messages.ts';
import {
  type Graph,
  GraphBuilder,
  isFloat,
  readModel,
  staticShape,
  type TensorData,
  tensorOf,
  toNumbers,
} from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { checkGraph, evaluated, expectRight } from '../../test/graphs/derivatives.ts';
import { inFloat64, toFloat64 } from '../../test/graphs/float64.ts';

export interface Outcome {
  /**
   * `refused`: one line of ours says what is not supported. `none`: nothing to compare (the case is refused, or has nothing
   * differentiable, or draws random numbers). `kink`: differences say nothing there.
   */
  readonly kind: 'right' | 'refused' | 'wrong' | 'none' | 'kink';
  readonly reason?: string;
}

export interface CaseResult {
  readonly name: string;
  /** Operator types in the file, with their domain where it is not ONNX's own. */
  readonly operators: readonly string[];
  /** Inputs that are parameters (axes, shapes, sizes) were made constants. */
  readonly constants: boolean;
  readonly plain: Outcome;
  readonly blocked: Outcome;
  readonly float64: Outcome;
  readonly derivative: Outcome;
}

interface Data {
  readonly inputs: readonly (TensorData | undefined)[];
  readonly outputs: readonly (TensorData | undefined)[];
}

function dataOf(folder: string): Data {
  const read = (kind: string) => {
    const files = readdirSync(folder).filter((f) => f.startsWith(`${kind}_`));
    return files
      .sort((a, b) => Number(/\d+/.exec(a)![0]) - Number(/\d+/.exec(b)![0]))
      .map((f) => tensorIn(join(folder, f)));
  };
  return { inputs: read('input'), outputs: read('output') };
}

/** Undefined for a sequence, an optional, or an element type that Ballast does not have. */
function tensorIn(path: string): TensorData | undefined {
  try {
    return decodeTensor(decodeTensorFile(readFileSync(path)), 'data');
  } catch {
    return undefined;
  }
}

/** The error's own line when it is one of ours; anything else is a fault. */
function refusal(error: unknown): Outcome {
  const reason = (error as Error).message.split('\n')[0]!;
  return {
    kind: error instanceof BallastError && !/^ONNX Runtime|Non-zero/.test(reason) ? 'refused' : 'wrong',
    reason,
  };
}

/** The model with those of its inputs as initializers that `chosen` says. */
function withConstants(bytes: Uint8Array, data: Data, chosen: (t: TensorData, i: number) => boolean): Uint8Array {
  const model = decodeModel(bytes);
  const graph = model.graph!;
  graph.input!.forEach((v, i) => {
    const t = data.inputs[i];
    if (!t || !chosen(t, i)) return;
    const message = decodeTensorFile(readFileSync(sourceOf(data, i)));
    message.name = v.name!;
    graph.initializer = [...(graph.initializer ?? []), message];
  });
  return encodeModel(model);
}

const sources = new WeakMap<Data, string>();
const sourceOf = (data: Data, i: number) => join(sources.get(data)!, `input_${i}.pb`);

function closeTo(actual: TensorData, expected: TensorData): string | undefined {
  if (actual.shape.join() !== expected.shape.join()) return `shape [${actual.shape}], expected [${expected.shape}]`;
  const [a, e] = [toNumbers(actual), toNumbers(expected)];
  const half = expected.dtype === 'float16' || actual.dtype === 'float16';
  const [relative, absolute] = isFloat(expected.dtype) ? (half ? [1e-2, 1e-2] : [1e-3, 1e-5]) : [0, 0];
  const at = a.findIndex((v, i) => {
    const w = e[i]!;
    return !(Object.is(v, w) || v === w || Math.abs(v - w) <= absolute + relative * Math.abs(w));
  });
  return at < 0 ? undefined : `element ${at} is ${a[at]}, expected ${e[at]}`;
}

async function runOne(
  graph: Graph,
  data: Data,
  emission: 'plain' | 'blocked',
  names: readonly string[],
): Promise<Outcome> {
  try {
    const program = await compile(graph, { emission, threads: 1 });
    try {
      const feeds = Object.fromEntries(graph.inputs.map((v) => [v.name, data.inputs[names.indexOf(v.name)]!]));
      const outputs = await program.run(feeds);
      for (const [i, { name }] of graph.outputs.entries()) {
        const expected = data.outputs[i];
        if (!expected) return { kind: 'none', reason: 'the expected result is no tensor' };
        const difference = closeTo(outputs[name]!, expected);
        if (difference) return { kind: 'wrong', reason: `output ${name}: ${difference}` };
      }
      return { kind: 'right' };
    } finally {
      await program.dispose();
    }
  } catch (error) {
    return refusal(error);
  }
}

/** The graph in float64 with an output `loss`, a weighted sum of its float outputs, all of which are kept. */
function withLoss(graph: Graph): Graph | undefined {
  const b = new GraphBuilder(graph.name);
  const inputs = Object.fromEntries(graph.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)]));
  const copies = b.inline(graph, inputs);
  const outputs = graph.outputs.filter((o) => o.value.dtype === 'float64');
  if (outputs.length === 0) return undefined;
  const terms = outputs.map(({ value }) => {
    const shape = staticShape(value);
    const weights = Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i + 1));
    return b.op('ReduceSum', [b.mul(copies.get(value)!, b.constant(tensorOf('float64', shape, weights)))], {
      keepdims: 0,
    });
  });
  outputs.forEach(({ value }, i) => {
    b.output(`y${i}`, copies.get(value)!);
  });
  b.output(
    'loss',
    terms.reduce((sum, t) => b.add(sum, t)),
  );
  return b.build();
}

async function derivatives(graph: Graph, data: Data, names: readonly string[]): Promise<Outcome> {
  try {
    const whole = withLoss(graph);
    const wrt = graph.inputs.filter((v) => v.dtype === 'float64').map((v) => v.name);
    if (!whole || wrt.length === 0) return { kind: 'none', reason: 'no float in or out' };
    const feeds = Object.fromEntries(graph.inputs.map((v) => [v.name, data.inputs[names.indexOf(v.name)]!]));
    const checked = await checkGraph(whole, feeds, wrt, 1);
    if (checked.outcome !== 'checked')
      return {
        kind: checked.outcome === 'kink' ? 'kink' : 'refused',
        ...(checked.reason ? { reason: checked.reason } : {}),
      };
    if (await passesNaN(whole, feeds)) return { kind: 'kink', reason: 'an inner value is NaN there' };
    expectRight(checked, whole);
    return { kind: 'right' };
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    return error instanceof BallastError ? refusal(error) : { kind: 'wrong', reason };
  }
}

/** Whether a Dropout is in training mode, with a ratio: Ballast reads it in evaluation mode. */
function trainsDropout(model: ReturnType<typeof decodeModel>, data: Data, inputs: readonly string[]): boolean {
  const constants = new Map(model.graph?.initializer?.map((t) => [t.name, decodeTensor(t, 'data')]));
  const number = (name: string) => {
    const t = constants.get(name) ?? data.inputs[inputs.indexOf(name)];
    return t && toNumbers(t)[0];
  };
  return (model.graph?.node ?? []).some(({ opType, input: given }) => {
    const input = given ?? [];
    const ratio = input[1] ? number(input[1]) : 0.5;
    return opType === 'Dropout' && input[2] && number(input[2]) === 1 && ratio !== 0;
  });
}

/** Whether an inner value of a graph is NaN at a point: an adjoint that passes there has no value to be compared. */
async function passesNaN(graph: Graph, feeds: Readonly<Record<string, TensorData>>): Promise<boolean> {
  const b = new GraphBuilder(graph.name);
  const copies = b.inline(
    graph,
    Object.fromEntries(graph.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)])),
  );
  graph.nodes
    .flatMap((n) => n.outputs)
    .filter((v) => isFloat(v.dtype))
    .forEach((v, i) => {
      b.output(`inner${i}`, copies.get(v)!);
    });
  return Object.values(await evaluated(b.build(), feeds)).some((t) => toNumbers(t).some(Number.isNaN));
}

const none: Outcome = { kind: 'none' };

/** Runs one case, a folder with model.onnx and test_data_set_0. */
export async function runCase(folder: string, name: string): Promise<CaseResult> {
  const bytes = readFileSync(join(folder, 'model.onnx'));
  const message = decodeModel(bytes);
  const nodes = message.graph?.node ?? [];
  const domainOf = (n: (typeof nodes)[number]) => (n.domain && n.domain !== 'ai.onnx' ? `${n.domain}.` : '');
  const operators = [...new Set(nodes.map((n) => `${domainOf(n)}${n.opType}`))];
  const set = join(folder, 'test_data_set_0');
  const data = existsSync(set) ? dataOf(set) : { inputs: [], outputs: [] };
  sources.set(data, set);
  const names = (message.graph?.input ?? []).map((v) => v.name ?? '');
  const base = { name, operators, constants: false, plain: none, blocked: none, float64: none, derivative: none };
  const isParameter = (t: TensorData, i: number) => i > 0 && !isFloat(t.dtype);
  let graph: Graph | undefined;
  let constants = false;
  let first: unknown;
  for (const chosen of [null, isParameter, (_: TensorData, i: number) => i > 0, () => true]) {
    try {
      graph = readModel(chosen ? withConstants(bytes, data, chosen) : bytes);
      constants = chosen !== null;
      break;
    } catch (error) {
      first ??= error;
      if (!(error instanceof BallastError)) break;
    }
  }
  if (!graph) return { ...base, plain: refusal(first) };
  if (graph.inputs.some((v) => !data.inputs[names.indexOf(v.name)])) {
    return { ...base, plain: { kind: 'none', reason: 'an input of the case is no tensor' } };
  }
  if (trainsDropout(message, data, names)) return { ...base, plain: { kind: 'none', reason: 'draws random numbers' } };
  const plain = await runOne(graph, data, 'plain', names);
  const blocked = await runOne(graph, data, 'blocked', names);
  const half = [...graph.inputs, ...graph.nodes.flatMap((n) => n.outputs)].some((v) => v.dtype === 'float16');
  if (plain.kind !== 'right' || half) return { ...base, constants, plain, blocked };
  const wideData = { ...data, inputs: data.inputs.map((t) => t && toFloat64(t)) };
  let exact: Graph;
  try {
    exact = inFloat64(graph);
  } catch (error) {
    return { ...base, constants, plain, blocked, float64: refusal(error) };
  }
  const float64 = await runOne(exact, wideData, 'plain', names);
  const derivative = float64.kind === 'right' ? await derivatives(exact, wideData, names) : none;
  return { ...base, constants, plain, blocked, float64, derivative };
}
