import { UsageError } from '../base/errors.ts';
import { type Network, withValues } from '../models/index.ts';
import { type Params, trainingMode } from '../nn/index.ts';
import { tensor } from '../onnx/index.ts';
import { compile, type RuntimeOptions } from '../runtime/index.ts';

/** Which network is to see which images, so that its batch norm knows their statistics. */
export interface CalibrationRequest {
  /** A built-in network whose batch norm statistics are to be those of data; its other weights stay as they are. */
  readonly network: Network;
  /** Pixels in [0, 1], [count, channels, height, width]. */
  readonly images: Float32Array;
  /** Images that batch norm sees at a time; what does not fill the last batch is left out. 128 unless told. */
  readonly batchSize?: number;
  readonly runtime?: RuntimeOptions | undefined;
}

const usualBatch = 128;

/**
 * The same network with the running statistics of batch norm taken from data: the means over batches of each batch's mean and unbiased
 * variance, as it passes through the network in training mode (PyTorch's `torch.optim.swa_utils.update_bn`).
 *
 * Fresh networks need it to be a control for trained ones: with statistics of 0 and 1 nothing is normalized, activations of a deep
 * residual network grow by orders of magnitude, and its gradients with respect to an image say nothing. A network without batch norm is
 * handed back as it is. Throws UsageError for a network that is not built in, or for fewer images than a batch.
 */
export async function calibrateBatchNorm({
  network,
  images,
  batchSize = usualBatch,
  runtime = {},
}: CalibrationRequest): Promise<Network> {
  if (!network.builtFrom)
    throw new UsageError(`${network.name}: the statistics of batch norm can be calibrated in built-in networks only`);
  const { model, params } = network.builtFrom;
  const size = model.inputShape.reduce((n, d) => n * d, 1);
  const batches = Math.floor(images.length / size / batchSize);
  if (batches === 0)
    throw new UsageError(
      `calibration of batch norm takes batches of ${batchSize} images, got ${images.length / size} images`,
    );
  const { graph, statistics, masks } = trainingMode(model.trace(batchSize));
  if (statistics.length === 0) return network;
  const outputs = new Set(statistics.flatMap(({ batch }) => [batch.mean, batch.variance]));
  const program = await compile({ ...graph, outputs: graph.outputs.filter((o) => outputs.has(o.name)) }, runtime);
  const sums = new Map<string, Float64Array>();
  try {
    const kept = Object.fromEntries(masks.map(({ name, shape }) => [name, keepingAll(shape)]));
    const values = Object.fromEntries([...params].filter(([name]) => program.inputs.some((v) => v.name === name)));
    for (let at = 0; at < batches; at++) {
      const image = images.subarray(at * batchSize * size, (at + 1) * batchSize * size);
      const found = await program.run({
        ...values,
        ...kept,
        image: tensor('float32', [batchSize, ...model.inputShape], image),
      });
      for (const { running, batch, count } of statistics) {
        add(sums, running.mean, found[batch.mean]!.data as Float32Array, 1 / batches);
        // PyTorch keeps the unbiased variance.
        add(sums, running.variance, found[batch.variance]!.data as Float32Array, count / (count - 1) / batches);
      }
    }
  } finally {
    await program.dispose();
  }
  const calibrated: Params = new Map(
    [...params].map(([name, value]) => {
      const sum = sums.get(name);
      return [name, sum ? tensor('float32', value.shape, Float32Array.from(sum)) : value];
    }),
  );
  const note = `batch norm calibrated on ${batches * batchSize} images`;
  return {
    ...withValues(model, calibrated),
    name: network.name,
    weights: `${network.weights}, ${note}`,
  };
}

/** A dropout mask that drops nothing: calibration is about batch norm alone. */
const keepingAll = (shape: readonly number[]) =>
  tensor('float32', shape, new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(1));

function add(sums: Map<string, Float64Array>, name: string, values: Float32Array, factor: number): void {
  const sum = sums.get(name) ?? new Float64Array(values.length);
  for (const [i, v] of values.entries()) sum[i] = sum[i]! + factor * v;
  sums.set(name, sum);
}
