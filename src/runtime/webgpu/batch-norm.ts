import { floatAttribute, type Rewrite, staticShape, type Value } from '../../onnx/index.ts';
import { reduceInTwo } from './reductions.ts';

/** Batch normalization with the statistics of the batch, of which ONNX Runtime's WebGPU has no kernel; outputs as ONNX has them. */
export const trainedBatchNorm: Rewrite = (node, [x, scale, bias, mean, variance], b) => {
  const shape = staticShape(x!);
  const channels = shape[1]!;
  const wide = (v: Value) =>
    b.reshape(
      v,
      shape.map((_, i) => (i === 1 ? channels : 1)),
    );
  const axes = shape.map((_, i) => i).filter((i) => i !== 1);
  const batchMean = reduceInTwo(b, 'ReduceMean', x!, axes);
  const centred = b.sub(x!, batchMean);
  const batchVariance = reduceInTwo(b, 'ReduceMean', b.mul(centred, centred), axes);
  const deviation = b.op('Sqrt', [b.add(batchVariance, b.scalar(floatAttribute(node, 'epsilon', 1e-5)))]);
  const y = b.add(b.mul(centred, b.div(wide(scale!), deviation)), wide(bias!));
  const momentum = floatAttribute(node, 'momentum', 0.9);
  const running = (old: Value, fresh: Value) => {
    const now = b.reshape(fresh, [channels]);
    return momentum === 0 ? now : b.add(b.scale(old, momentum), b.scale(now, 1 - momentum));
  };
  const outputs = [y, running(mean!, batchMean), running(variance!, batchVariance)];
  return outputs.slice(0, node.outputs.length);
};
