import { GraphError, intAttribute, intsAttribute, type Node, staticShape, type Value } from '../../onnx/index.ts';

/** Where the entries of tokens lie in a state of one example: entry c of token t at `t stride.token + c stride.entry`. */
export interface TokenLayout {
  readonly tokens: number;
  readonly width: number;
  readonly stride: { readonly token: number; readonly entry: number };
}

/** Where the numbers of a token of [1, ., ., .] stand: along the last axis, or in front of height and width. */
export type TokenAxis = 'last' | 'channels';

type Readers = ReadonlyMap<Value, readonly Node[]>;

const overChannels = new Set(
  'Conv ConvTranspose BatchNormalization InstanceNormalization GroupNormalization LRN MaxPool AveragePool GlobalAveragePool GlobalMaxPool'.split(
    ' ',
  ),
);
const overLast = new Set(['LayerNormalization', 'RMSNormalization', 'MatMul', 'Gemm']);
/** Passed on the way to what tells, as long as the shape stays. */
const neutral = new Set('Identity Cast Relu Gelu Sigmoid HardSwish Add Sub Mul Div'.split(' '));

/** What a node that reads a state of four axes says of them. */
function axisTold(node: Node): TokenAxis | undefined {
  const { opType } = node;
  if (overChannels.has(opType)) return 'channels';
  if (overLast.has(opType)) return [-1, 3].includes(intAttribute(node, 'axis', -1)) ? 'last' : undefined;
  if (opType !== 'Transpose') return undefined;
  const order = intsAttribute(node, 'perm')?.join();
  return order === '0,2,3,1' ? 'channels' : order === '0,3,1,2' ? 'last' : undefined;
}

/**
 * Where the numbers of a token stand in a state of four axes, told by what reads it first: convolutions and pools and what turns them to the end have
 * channels in front of height and width, products of matrices and layer normalizations have them last. Undefined where nothing tells.
 */
export function axisOf(readers: Readers, state: Value): TokenAxis | undefined {
  const seen = new Set([state]);
  // A set is walked in the order in which it grows: nearest readers first.
  for (const value of seen)
    for (const node of readers.get(value) ?? []) {
      const told = axisTold(node);
      if (told) return told;
      const next = node.outputs[0]!;
      if (neutral.has(node.opType) && next.shape.join() === state.shape.join()) seen.add(next);
    }
  return undefined;
}

/**
 * The tokens of a state at batch 1: the rows of [T, d], [1, T, d] and [T, 1, d], the pixels of [1, H, W, C] and [1, C, H, W], told apart by `axis`, or
 * without it by height and width that are equal. Throws GraphError for other shapes.
 */
export function tokenLayout(value: Value, axis?: TokenAxis): TokenLayout {
  const shape = staticShape(value);
  const size = shape.reduce((n, d) => n * d, 1);
  const lastAxis = (): TokenLayout => {
    const width = shape.at(-1)!;
    return { tokens: size / width, width, stride: { token: width, entry: 1 } };
  };
  if (shape.length === 2 || (shape.length === 3 && (shape[0] === 1 || shape[1] === 1))) return lastAxis();
  if (shape.length === 4 && shape[0] === 1) {
    const [, a, b, c] = shape as [number, number, number, number];
    const found = axis ?? (a === b && b !== c ? 'last' : b === c ? 'channels' : undefined);
    if (found === 'last') return lastAxis();
    if (found === 'channels') return { tokens: b * c, width: a, stride: { token: 1, entry: b * c } };
  }
  throw new GraphError(
    `${value.name}[${shape.join(', ')}] has no tokens: expected [1, T, d], [T, 1, d], [T, d], or pixels [1, C, H, W] or [1, H, W, C]`,
  );
}

/** The entries of one token out of a state. */
export function tokenOf(state: ArrayLike<number>, { width, stride }: TokenLayout, token: number): Float64Array {
  return Float64Array.from({ length: width }, (_, c) => state[token * stride.token + c * stride.entry]!);
}

/** A state that is zero but for one token. */
export function withToken(entries: ArrayLike<number>, layout: TokenLayout, token: number): Float32Array {
  const { tokens, width, stride } = layout;
  const out = new Float32Array(tokens * width);
  for (let c = 0; c < width; c++) out[token * stride.token + c * stride.entry] = entries[c]!;
  return out;
}
