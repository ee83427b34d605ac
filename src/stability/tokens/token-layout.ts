import { GraphError, staticShape, type Value } from '../../onnx/index.ts';

/** Where the entries of tokens lie in a state of one example: entry c of token t at `t stride.token + c stride.entry`. */
export interface TokenLayout {
  readonly tokens: number;
  readonly width: number;
  readonly stride: { readonly token: number; readonly entry: number };
}

/**
 * The tokens of a state at batch 1: the rows of [T, d], [1, T, d] and [T, 1, d], the pixels of [1, H, W, C] and, where height and width are equal and the
 * channels stand in front, of [1, C, H, W]. Throws GraphError for other shapes.
 */
export function tokenLayout(value: Value): TokenLayout {
  const shape = staticShape(value);
  const size = shape.reduce((n, d) => n * d, 1);
  const lastAxis = (): TokenLayout => {
    const width = shape.at(-1)!;
    return { tokens: size / width, width, stride: { token: width, entry: 1 } };
  };
  if (shape.length === 2 || (shape.length === 3 && (shape[0] === 1 || shape[1] === 1))) return lastAxis();
  if (shape.length === 4 && shape[0] === 1) {
    const [, a, b, c] = shape as [number, number, number, number];
    if (a === b && b !== c) return lastAxis();
    if (b === c) return { tokens: b * c, width: a, stride: { token: 1, entry: b * c } };
  }
  throw new GraphError(`${value.name}[${shape.join(', ')}] has no axis of tokens that Ballast knows`);
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
