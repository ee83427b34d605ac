import { RandomStream } from '../../src/base/random.ts';
import type { Model } from '../../src/models/index.ts';
import { initialize, type Params } from '../../src/nn/index.ts';
import {
  type Graph,
  GraphBuilder,
  sizeOf,
  staticShape,
  tensor,
  tensorOf,
  toNumbers,
  type Value,
} from '../../src/onnx/index.ts';

/** Normal values for each parameter, variances positive: nothing is 0 or 1 by the start's convention. */
export function randomParams(model: Model, scale = 0.2, seed = 1): Params {
  return new Map(
    model.parameters.map(({ name, shape }) => {
      const stream = new RandomStream({ seed, purpose: `test/${name}` });
      const data = new Float32Array(sizeOf(shape));
      // Of a large tensor a piece is drawn and repeated, which is faster.
      const drawn = stream.fillNormal(new Float32Array(Math.min(data.length, 50_021)), scale);
      for (let i = 0; i < data.length; i += drawn.length) data.set(drawn.subarray(0, data.length - i), i);
      const positive = name.endsWith('running_var');
      return [name, tensor('float32', shape, positive ? data.map((v) => 0.5 + Math.abs(v)) : data)];
    }),
  );
}

/** The model's graph with an output `loss`: the inner product of all float outputs with fixed random numbers. */
export function withLoss(graph: Graph): Graph {
  const b = new GraphBuilder(`${graph.name}_loss`);
  const inputs = graph.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)] as const);
  const copies = b.inline(graph, Object.fromEntries(inputs));
  let loss: Value | undefined;
  for (const { name, value } of graph.outputs) {
    const stream = new RandomStream({ seed: 7, purpose: `test/loss/${name}` });
    const shape = staticShape(value);
    const weights = tensorOf(
      value.dtype,
      shape,
      Array.from({ length: sizeOf(shape) }, () => stream.normal()),
    );
    const term = b.op('ReduceSum', [b.mul(copies.get(value)!, b.constant(weights, `weights/${name}`))], {
      keepdims: 0,
    });
    loss = loss ? b.add(loss, term) : term;
  }
  b.output('loss', loss!);
  return b.build();
}

/** Values with which activations stay of order 1 through any depth: the model's own start, with every 0 and 1 moved. */
export function calibratedParams(model: Model, seed = 1): Params {
  return new Map(
    [...initialize(model.parameters, seed)].map(([name, t]) => {
      const stream = new RandomStream({ seed, purpose: `test/${name}` });
      const { init } = model.parameters.find((p) => p.name === name)!;
      if (init === 'ones')
        return [
          name,
          tensorOf(
            'float32',
            t.shape,
            toNumbers(t).map(() => 0.75 + 0.5 * stream.uniform()),
          ),
        ];
      if (init === 'zeros')
        return [
          name,
          tensorOf(
            'float32',
            t.shape,
            toNumbers(t).map(() => 0.1 * stream.normal()),
          ),
        ];
      return [name, t];
    }),
  );
}
