import { staticShape, type Value } from '../onnx/index.ts';
import { channelsOf } from './layers.ts';
import type { Scope } from './scope.ts';

/** Hidden and cell state, [N, hidden] each. */
export interface LstmState {
  readonly h: Value;
  readonly c: Value;
}

/**
 * One layer of `torch.nn.LSTM` (Hochreiter and Schmidhuber 1997), unrolled over `steps`. x: [N * steps, in], the steps of a
 * sequence one after another -> y: [N * steps, hidden], and the state after the last step.
 *
 *     i, f, g, o = split(W_ih x_t + b_ih + W_hh h + b_hh)
 *     c = sigmoid(f) c + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(c)
 *
 * Parameters `${name}.weight_ih_l${layer}` [4 hidden, in], `weight_hh_l`, `bias_ih_l`, `bias_hh_l`, all U(-1/sqrt(hidden),
 * 1/sqrt(hidden)) as PyTorch starts them. The products with all inputs are one Gemm; a step is one more Gemm and seven
 * elementwise nodes. ONNX's own LSTM operator has no gradient in ONNX Runtime.
 */
export function lstmLayer(
  scope: Scope,
  name: string,
  x: Value,
  { layer, hidden, steps, state }: { layer: number; hidden: number; steps: number; state: LstmState },
): LstmState & { readonly y: Value } {
  const { b } = scope;
  const init = { uniform: 1 / Math.sqrt(hidden) };
  const parameter = (kind: string, shape: readonly number[]) =>
    scope.parameter(`${name}.${kind}_l${layer}`, shape, init);
  const inputWeight = parameter('weight_ih', [4 * hidden, channelsOf(x)]);
  const weight = parameter('weight_hh', [4 * hidden, hidden]);
  const bias = b.add(parameter('bias_ih', [4 * hidden]), parameter('bias_hh', [4 * hidden]));

  const path = (at: string) => ({ name: scope.path(`${name}.l${layer}.${at}`) });
  const node = (opType: string, inputs: readonly Value[], at: string) => b.op(opType, inputs, {}, path(at));
  const sequences = staticShape(x)[0]! / steps;
  const projected = b.op('Gemm', [x, inputWeight, bias], { transB: 1 }, path('inputs'));
  const inputs = splitEqually(scope, b.reshape(projected, [sequences, steps * 4 * hidden]), steps, path('steps').name);
  let { h, c } = state;
  const outputs = inputs.map((input, t) => {
    const gates = b.op('Gemm', [h, weight, input], { transB: 1 }, path(`${t}.gates`));
    const [i, f, g, o] = splitEqually(scope, gates, 4, path(`${t}.split`).name) as [Value, Value, Value, Value];
    const kept = b.mul(node('Sigmoid', [f], `${t}.f`), c);
    const fresh = b.mul(node('Sigmoid', [i], `${t}.i`), node('Tanh', [g], `${t}.g`));
    c = node('Add', [kept, fresh], `${t}.c`);
    h = node('Mul', [node('Sigmoid', [o], `${t}.o`), node('Tanh', [c], `${t}.tanh`)], `${t}.h`);
    return h;
  });
  return { y: b.reshape(b.concat(outputs, 1), [sequences * steps, hidden]), h, c };
}

/** Parts of the same size along axis 1. */
export function splitEqually(scope: Scope, x: Value, parts: number, name: string): readonly Value[] {
  if (parts === 1) return [x];
  const size = channelsOf(x) / parts;
  const sizes = scope.b.integers(Array<number>(parts).fill(size));
  return scope.b.ops('Split', [x, sizes], { axis: 1 }, { outputs: parts, name });
}
