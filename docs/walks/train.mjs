// A training that knows nothing of Ballast: SGD on a noisy quadratic in 20 dimensions, with the batch size, rate, seed and steps of the command line.
// It appends a line of JSON at every fourth step, as many scripts do, and says how noisy its gradients are.
// node train.mjs --bs 32 --lr 0.1 --seed 0 --steps 400 --out FOLDER
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { bs: text, lr: text, seed: text, steps: text, out: text } });
const { out = 'runs/x' } = options;
const [batch, rate, seed, steps] = [options.bs ?? 32, options.lr ?? 0.1, options.seed ?? 0, options.steps ?? 400].map(
  Number,
);
let state = seed * 7919 + 17;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

const bends = Array.from({ length: 20 }, (_, i) => (i + 1) / 20);
let weights = bends.map(() => 1);
mkdirSync(out, { recursive: true });
const log = join(out, 'metrics.jsonl');
writeFileSync(log, '');
for (let step = 1; step <= steps; step++) {
  // The gradient of one example has variance 1 in each direction, that of a batch 1 / batch.
  const gradient = weights.map((w, i) => bends[i] * w);
  const noise_scale = 20 / gradient.reduce((sum, g) => sum + g * g, 0);
  weights = weights.map((w, i) => w - rate * (gradient[i] + normal() / Math.sqrt(batch)));
  if (step % 4) continue;
  // What four steps on real data would take: the longer the larger the batch.
  await setTimeout(4 + batch / 8);
  const loss = weights.reduce((sum, w, i) => sum + (bends[i] * w * w) / 2, 0);
  appendFileSync(log, `${JSON.stringify({ step, loss, lr: rate, noise_scale })}\n`);
}
