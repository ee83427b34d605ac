/** Peer of the train-js bench: jax-js on its wasm backend, the ResNet alone. usage: jax.mjs SPEC.json */
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { readTask, serve } from './spec.mjs';

// Without a browser there is no WebGPU, and looking for it fails.
globalThis.navigator ??= {};
await init();
defaultDevice('wasm');

const task = readTask(process.argv[2]);
const { lr, momentum, weightDecay } = task.optimizer;
const asArray = ({ shape, data }) => np.array(data).reshape(shape);
const names = Object.keys(task.parameters).filter((name) => !name.includes('running_'));
const params = Object.fromEntries(names.map((name) => [name, asArray(task.parameters[name])]));
const velocity = Object.fromEntries(names.map((name) => [name, np.zeros(task.parameters[name].shape)]));

// Arrays are owned: a use consumes them, `.ref` is a further use.
const column = (v) => v.reshape([1, -1, 1, 1]);

function batchNorm(w, x, name) {
  const mean = np.mean(x.ref, [0, 2, 3], { keepdims: true });
  const centred = x.sub(mean);
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
  const normal = centred.div(np.sqrt(variance.add(1e-5)));
  return normal.mul(column(w[`${name}.weight`].ref)).add(column(w[`${name}.bias`].ref));
}

const convolution = (w, x, name, stride) =>
  lax.convGeneralDilated(
    x,
    w[`${name}.weight`].ref,
    [stride, stride],
    [
      [1, 1],
      [1, 1],
    ],
  );

/** The ResNet of bench/peers/resnet.py. */
function resnet(w, image) {
  const n = (task.options.depth - 2) / 6;
  const x = image.sub(column(np.array([0.485, 0.456, 0.406]))).div(column(np.array([0.229, 0.224, 0.225])));
  let h = nn.relu(batchNorm(w, convolution(w, x, 'conv1', 1), 'bn1'));
  for (let stage = 1; stage <= 3; stage++) {
    for (let i = 0; i < n; i++) {
      const [unit, stride] = [`layer${stage}.${i}`, stage > 1 && i === 0 ? 2 : 1];
      const hidden = nn.relu(batchNorm(w, convolution(w, h.ref, `${unit}.conv1`, stride), `${unit}.bn1`));
      const y = batchNorm(w, convolution(w, hidden, `${unit}.conv2`, 1), `${unit}.bn2`);
      if (stride === 2) {
        const [count, channels, height, width] = h.shape;
        const pairs = h.reshape([count, channels, height / 2, 2, width / 2, 2]);
        const [a] = np.split(pairs, 2, 3);
        const [b] = np.split(a, 2, 5);
        const kept = b.reshape([count, channels, height / 2, width / 2]);
        h = np.pad(kept, [
          [0, 0],
          [channels / 2, channels / 2],
          [0, 0],
          [0, 0],
        ]);
      }
      h = nn.relu(y.add(h));
    }
  }
  const pooled = np.mean(h, [2, 3]);
  return np.matmul(pooled, w['linear.weight'].ref.transpose()).add(w['linear.bias'].ref);
}

function crossEntropy(logits, label) {
  const classes = logits.shape[1];
  const logProbabilities = nn.logSoftmax(logits, -1);
  return np.mean(np.sum(logProbabilities.mul(nn.oneHot(label, classes)), -1)).neg();
}

const loss = (w, image, label) => {
  const value = crossEntropy(resnet(w, image), label);
  tree.dispose(w);
  return value;
};
const step = jit(valueAndGrad(loss));

await serve(task, async (batch) => {
  const [value, grads] = step(tree.ref(params), asArray(batch.image), np.array(batch.label.data));
  for (const name of names) {
    velocity[name] = velocity[name].mul(momentum).add(grads[name]).add(params[name].ref.mul(weightDecay));
    params[name] = params[name].sub(velocity[name].ref.mul(lr));
  }
  return (await value.data())[0];
});
