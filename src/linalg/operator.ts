/** Vectors one after another: vector c of size n stands at c n .. (c + 1) n - 1, so that a block is a batch of a graph. */
export type VectorBlock = Float32Array | Float64Array;

/** A linear map known by its products. */
export interface LinearOperator {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: 'float32' | 'float64';
  /** J V for `count` vectors of size `cols`. */
  apply(block: VectorBlock, count: number): Promise<VectorBlock>;
  /** Jᵀ U for `count` vectors of size `rows`. */
  applyTranspose(block: VectorBlock, count: number): Promise<VectorBlock>;
}

/** The same map; once `signal` has fired, every product throws its reason. */
export function abortable(operator: LinearOperator, signal: AbortSignal | undefined): LinearOperator {
  if (!signal) return operator;
  const { rows, cols, dtype } = operator;
  return {
    rows,
    cols,
    dtype,
    async apply(block, count) {
      signal.throwIfAborted();
      return operator.apply(block, count);
    },
    async applyTranspose(block, count) {
      signal.throwIfAborted();
      return operator.applyTranspose(block, count);
    },
  };
}

/** A row-major matrix as an operator, in plain loops: for tests and small problems. */
export function denseOperator(a: Float64Array, rows: number, cols: number): LinearOperator {
  const product = async (block: VectorBlock, count: number, transposed: boolean) => {
    const [from, to] = transposed ? [rows, cols] : [cols, rows];
    const out = new Float64Array(count * to);
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) {
          if (transposed) out[c * to + j]! += a[i * cols + j]! * block[c * from + i]!;
          else out[c * to + i]! += a[i * cols + j]! * block[c * from + j]!;
        }
      }
    }
    return out;
  };
  return {
    rows,
    cols,
    dtype: 'float64',
    apply: (block, count) => product(block, count, false),
    applyTranspose: (block, count) => product(block, count, true),
  };
}
