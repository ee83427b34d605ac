/** Peer of the train-js bench: TensorFlow.js. usage: tfjs.mjs SPEC.json BACKEND (cpu or wasm) */
import { createRequire } from 'node:module';
import { readTask, serve } from './spec.mjs';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
const [path, backend] = process.argv.slice(2);
if (backend === 'wasm') {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(require.resolve('@tensorflow/tfjs-backend-wasm').replace(/dist\/.*$/, 'wasm-out/'));
  wasm.setThreadsCount(2);
}
await tf.setBackend(backend);
await tf.ready();

const task = readTask(path);
const { lr, momentum, weightDecay, clipNorm } = task.optimizer;
const trained = Object.entries(task.parameters).filter(([name]) => !name.includes('running_'));
const w = Object.fromEntries(
  trained.map(([name, { shape, data }]) => [name, tf.variable(tf.tensor(data, shape), true, name)]),
);
const velocity = Object.fromEntries(trained.map(([name, { shape }]) => [name, tf.variable(tf.zeros(shape), false)]));

/** Batch norm in training over all but the last axis. */
function batchNorm(x, name) {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(w[`${name}.weight`]).add(w[`${name}.bias`]);
}

const convolution = (x, name, stride) => tf.conv2d(x, w[`${name}.weight`].transpose([2, 3, 1, 0]), stride, 'same');

/** ImageNet's normalization, then the ResNet of bench/peers/resnet.py; images [N, 32, 32, 3]. */
function resnet(image) {
  const n = (task.options.depth - 2) / 6;
  const x = image.sub([0.485, 0.456, 0.406]).div([0.229, 0.224, 0.225]);
  let h = batchNorm(convolution(x, 'conv1', 1), 'bn1').relu();
  for (let stage = 1; stage <= 3; stage++) {
    for (let i = 0; i < n; i++) {
      const [unit, stride] = [`layer${stage}.${i}`, stage > 1 && i === 0 ? 2 : 1];
      // A stride of 2 pads by one row before the image, as PyTorch's padding of 1 does; `same` would pad behind it.
      const padded = tf.pad(h, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]);
      const first = tf.conv2d(padded, w[`${unit}.conv1.weight`].transpose([2, 3, 1, 0]), stride, 'valid');
      const y = batchNorm(convolution(batchNorm(first, `${unit}.bn1`).relu(), `${unit}.conv2`, 1), `${unit}.bn2`);
      if (stride === 2) {
        const extra = h.shape[3] / 2;
        // Pooling over one pixel picks every second one; the slice that does has no gradient here.
        h = tf.pad(tf.avgPool(h, 1, 2, 'valid'), [
          [0, 0],
          [0, 0],
          [0, 0],
          [extra, extra],
        ]);
      }
      h = y.add(h).relu();
    }
  }
  return h.mean([1, 2]).matMul(w['linear.weight'], false, true).add(w['linear.bias']);
}

let state;

/** The LSTM of bench/peers/models.py; words come in as one-hot vectors, as the wasm backend has no gradient of a gather. */
function lstm(tokens) {
  const [streams, steps] = tokens.shape;
  const [words, hidden] = w['encoder.weight'].shape;
  let rows = tf.oneHot(tokens.transpose().flatten(), words).toFloat().matMul(w['encoder.weight']);
  const next = [];
  for (let layer = 0; `rnn.weight_ih_l${layer}` in w; layer++) {
    const bias = w[`rnn.bias_ih_l${layer}`].add(w[`rnn.bias_hh_l${layer}`]);
    const inputs = tf.split(rows.matMul(w[`rnn.weight_ih_l${layer}`], false, true).add(bias), steps);
    let [h, c] = state?.[layer] ?? [tf.zeros([streams, hidden]), tf.zeros([streams, hidden])];
    rows = tf.concat(
      inputs.map((input) => {
        const [i, f, g, o] = tf.split(input.add(h.matMul(w[`rnn.weight_hh_l${layer}`], false, true)), 4, 1);
        c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
        h = o.sigmoid().mul(c.tanh());
        return h;
      }),
    );
    next.push([tf.keep(h.clone()), tf.keep(c.clone())]);
  }
  return { logits: rows.matMul(w['decoder.weight'], false, true).add(w['decoder.bias']), next };
}

function loss(batch) {
  const label = tf.tensor(batch.label.data, batch.label.shape, 'int32');
  if (task.model === 'resnet') {
    const image = tf.tensor(batch.image.data, batch.image.shape).transpose([0, 2, 3, 1]);
    return tf.losses.softmaxCrossEntropy(tf.oneHot(label, 10), resnet(image));
  }
  const { logits, next } = lstm(tf.tensor(batch.tokens.data, batch.tokens.shape, 'int32'));
  loss.state = next;
  return tf.losses.softmaxCrossEntropy(tf.oneHot(label.transpose().flatten(), logits.shape[1]), logits);
}

await serve(task, (batch) => {
  const { value, grads } = tf.variableGrads(() => loss(batch), Object.values(w));
  tf.dispose(state);
  state = loss.state;
  const result = tf.tidy(() => {
    const norm = Math.sqrt(Object.values(grads).reduce((sum, g) => sum + g.square().sum().dataSync()[0], 0));
    const factor = clipNorm ? Math.min(1, clipNorm / (norm + 1e-6)) : 1;
    for (const [name, variable] of Object.entries(w)) {
      velocity[name].assign(velocity[name].mul(momentum).add(grads[name].mul(factor)).add(variable.mul(weightDecay)));
      variable.assign(variable.sub(velocity[name].mul(lr)));
    }
    return value.dataSync()[0];
  });
  tf.dispose([grads, value]);
  return result;
});
