/**
 * A small training that knows nothing of Ballast: a noisy quadratic in 20 dimensions by SGD, all of it decided by batch, rate and seed. It logs a row of CSV at every fourth
 * step (with --noise its noise scale too), saves at every eighth, and goes on from what it saved.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const options = Object.fromEntries(
  process.argv.slice(2).flatMap((word) => {
    const match = /^--([\w-]+)(?:=([\s\S]*))?$/.exec(word);
    return match ? [[match[1], match[2] ?? 'true']] : [];
  }),
);
const [batch, seed] = [Number(options.bs ?? 8), Number(options.seed ?? 0)];
let rate = Number(options.lr ?? 0.1);
const steps = Number(options.steps ?? 200);
const out = options.out ?? '.';
const delay = Number(options.delay ?? 0);
mkdirSync(out, { recursive: true });

let state = (seed * 2654435761 + 12345) >>> 0;
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
}
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

let weights = Array.from({ length: 20 }, () => 1);
let step = 0;
const saved = join(out, 'last.ckpt');
if (options.resume) {
  const from = JSON.parse(readFileSync(options.resume, 'utf8'));
  [weights, step] = [from.weights, from.step];
  // With --reseed what follows is drawn anew, by the seed.
  if (options.reseed !== 'true') state = from.state;
  // As a script that loads its optimizer with the rate in it.
  if (options['old-rate'] === 'true') rate = from.rate;
}
const log = join(out, 'metrics.csv');
const noise = options.noise === 'true';
const columns = `step,train_loss,val_loss${noise ? ',noise_scale' : ''}`;
if (!options.resume || !existsSync(log)) writeFileSync(log, `${columns}\n`);
const loss = () => weights.reduce((sum, w, i) => sum + ((i + 1) / 20) * w * w, 0) / 2;

/** tr Σ / |G|², exactly: each of the 20 gradients has a noise of variance 1 / batch. */
const noiseScale = () => 20 / weights.reduce((sum, w, i) => sum + (((i + 1) / 20) * w) ** 2, 0);

const save = () => {
  writeFileSync(`${saved}.tmp`, JSON.stringify({ weights, state, step, rate }));
  renameSync(`${saved}.tmp`, saved);
};
while (step < steps) {
  const eta = step < Number(options.warmup ?? 0) ? (rate * (step + 1)) / Number(options.warmup) : rate;
  weights = weights.map((w, i) => w - eta * (((i + 1) / 20) * w + normal() / Math.sqrt(batch)));
  step++;
  if (step % 4 === 0) {
    const more = noise ? `,${noiseScale().toFixed(9)}` : '';
    appendFileSync(log, `${step},${loss().toFixed(9)},${(1.1 * loss()).toFixed(9)}${more}\n`);
  }
  if (step % 8 === 0) save();
  if (delay > 0) await setTimeout(delay);
}
