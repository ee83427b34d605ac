/**
 * Publishes the weights of a finished training run: weights/NAME.safetensors and a card beside it, weights/NAME.md.
 *
 *     npm run model-card -- RUNDIR NAME "COMMAND" ["REMARK"]       (the curve: npm run picture -- RUNDIR/report.html weights/NAME.png)
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNamed } from '../src/models/index.ts';
import { parameterCount } from '../src/nn/index.ts';
import { formatCount, formatDuration } from '../src/report/index.ts';
import { describeRuntime } from '../src/runtime/index.ts';
import { type MetricsRecord, readMetrics, readRunConfig } from '../src/train/index.ts';

const [run, name, command, remark] = process.argv.slice(2);
if (!run || !name || !command) {
  console.error('usage: npm run model-card -- RUNDIR NAME "COMMAND" ["REMARK"]');
  process.exit(2);
}
const config = await readRunConfig(run);
if (!config) throw new Error(`${run} has no config.json`);
const records = await readMetrics(join(run, 'metrics.jsonl'));
const judged = records.filter((r) => r.valMetric !== undefined);
const last = judged.at(-1)!;
const weights = await readFile(join(run, 'model.safetensors'));
const { cpu, threads, onnxruntime } = await describeRuntime();
const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`;
const row = (r: MetricsRecord) =>
  `| ${Math.round(r.epoch)} | ${r.trainLoss.toFixed(4)} | ${r.valLoss!.toFixed(4)} | ${percent(r.valMetric!)} |`;
const shown = judged.filter((r) => Math.round(r.epoch) % 5 === 0 || r === last);

const card = `# ${name} on ${config.dataset}

${formatCount(parameterCount(modelNamed(config.model).parameters))} parameters, trained by \`ballast train\`: **${percent(last.valMetric!)}** of the test images are right after the last
epoch (cross-entropy ${last.valLoss!.toFixed(4)}). The epoch was not chosen by the test set, and neither was the seed.${remark ? ` ${remark}` : ''}

\`\`\`sh
${command}
\`\`\`

![Loss and accuracy against epochs](${name}.png)

| epoch | training loss | test loss | test accuracy |
| ---: | ---: | ---: | ---: |
${shown.map(row).join('\n')}

- **Data**: the training images alone, padded by 4 pixels and cropped at random, mirrored at random; pixels in [0, 1] are normalized inside the
  network (\`${config.normalize}\`), as the file's metadata say.
- **Settings**: ${config.optimizer} with momentum ${config.momentum ?? 0}, weight decay ${config.weightDecay}, ${config.schedule} schedule from ${config.lr}${config.warmup === '0st' ? '' : ` after a warm-up of ${config.warmup}`}, batch ${config.batchSize}, seed ${config.seed}. All of it: the command.
- **Time**: ${formatDuration(last.seconds)} in ${formatCount(last.step)} steps on a machine that did other work beside it (${cpu}, ${threads} threads, ONNX Runtime ${onnxruntime}).
- **File**: safetensors, PyTorch's names; SHA-256 \`${createHash('sha256').update(weights).digest('hex')}\`.
- **Use**: measurements of stability, and as a start for others. No claim of robustness is made: that is what Ballast measures.
`;
await mkdir('weights', { recursive: true });
await copyFile(join(run, 'model.safetensors'), join('weights', `${name}.safetensors`));
await writeFile(join('weights', `${name}.md`), card);
console.log(`weights/${name}.safetensors, weights/${name}.md`);
