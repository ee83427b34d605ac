// Writes the logs of runs at seven batch sizes and three seeds, as an experiment of one's own leaves them: FOLDER/bs64_seed0/metrics.jsonl and so on.
// Their losses follow a known law: steps to a loss are Smin (1 + 256 / batch size), times a few per cent of noise, so that the critical batch is 256.
// node logs.mjs FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const critical = 256;
let state = 7;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};

const [folder = 'runs'] = process.argv.slice(2);
for (const batch of [16, 32, 64, 128, 256, 512, 1024]) {
  for (const seed of [0, 1, 2]) {
    // Progress 1 is a loss of 1; a step makes less of it where the batch is small.
    const stepsOfProgress = 400 * (1 + critical / batch) * (1 + 0.06 * (random() - 0.5));
    const secondsPerStep = 0.01 + batch * 5e-5;
    const every = Math.ceil(stepsOfProgress / 40);
    const rows = [];
    for (let step = 0; step <= 2 * stepsOfProgress; step += every) {
      const progress = step / stepsOfProgress;
      rows.push({ step, loss: 2.3 / (1 + 1.3 * progress), time: step * secondsPerStep, lr: 0.1 });
    }
    const at = join(folder, `bs${batch}_seed${seed}`);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'metrics.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }
}
