import { dirname, join } from 'node:path';
import { openOutput, studyReport, writeStudyReport } from '../../../app/index.ts';
import { spectrum } from '../../../app/measurements/spectrum.ts';
import { version } from '../../../base/version.ts';
import { loadDataset } from '../../../data/index.ts';
import { makeFolder } from '../../../formats/index.ts';
import { batchTable, createProgress, formatPercent, wantsColor, writeReportIndex } from '../../../report/index.ts';
import { bundledStudy } from '../../../study/index.ts';
import { type RunConfig, trainNetwork } from '../../../train/index.ts';
import { run } from '../../measurement-command.ts';
import { interruptedExitCode } from '../../terminal/failure.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { commandLine, runningCommand } from '../../terminal/invocation.ts';
import { computeShown, layingOutListed } from '../batch/shown/compute-study.ts';

/** Three epochs with one rise and fall of the rate: about a minute on 2 cores, to about 90 % on the test images. */
const config = (seed: number): RunConfig => ({
  model: 'resnet20',
  normalize: 'cifar10',
  dataset: 'shapes',
  augment: true,
  seed,
  batchSize: 64,
  microBatch: 64,
  optimizer: 'momentum',
  momentum: 0.9,
  weightDecay: 5e-4,
  labelSmoothing: 0,
  lr: 0.2,
  scaling: 'base',
  baseBatch: 64,
  schedule: 'onecycle',
  milestones: [],
  factor: 0.1,
  power: 1,
  warmup: '0st',
  length: '3ep',
  logEvery: '20st',
  evalEvery: '1ep',
  checkpointEvery: '1ep',
  lossBound: 1e4,
});

export async function demo({ out, seed }: { out: string; seed: number }): Promise<void> {
  const folder = await openOutput(out, { kind: 'demo', request: { seed } }, runningCommand());
  try {
    await both(out, seed);
  } finally {
    folder.release();
  }
}

/** Both instruments, one after the other. */
async function both(out: string, seed: number): Promise<void> {
  const settings = config(seed);
  process.stdout.write(
    `Ballast demo: trains a ResNet-20 for ${settings.length.replace('ep', ' epochs')} on the procedural data set "shapes", then linearizes residual units and stages at\n` +
      'two test images.\n',
  );
  const [train, test] = [
    await loadDataset({ name: 'shapes', split: 'train', seed }),
    await loadDataset({ name: 'shapes', split: 'test', seed }),
  ];
  const folder = join(out, `training-seed-${seed}`);
  await makeFolder(folder);
  const progress = createProgress({ stream: process.stderr, total: 3, label: 'training' });
  const interrupts = listenForInterrupts();
  const { status, steps, final, seconds } = await trainNetwork({
    config: settings,
    train,
    valid: test,
    folder,
    resume: true,
    signal: interrupts.signal,
    onStep: ({ step, loss, examplesPerSecond }) =>
      progress.update(
        (step * settings.batchSize) / train.count,
        `loss ${loss.toFixed(3)}, ${Math.round(examplesPerSecond)} images/s`,
      ),
  }).finally(() => {
    interrupts.end();
    progress.finish(interrupts.signal.aborted ? 'stopped' : 'done');
  });
  if (status === 'interrupted') {
    process.stderr.write(`interrupted at step ${steps}; the same command goes on\n`);
    process.exitCode = interruptedExitCode;
    return;
  }
  process.stdout.write(
    `trained in ${Math.round(seconds)} s: test accuracy ${formatPercent(final.valMetric ?? 0)} on ${test.count} images\n`,
  );
  await run(
    spectrum,
    {
      model: settings.model,
      ...(settings.normalize === undefined ? {} : { normalize: settings.normalize }),
      weights: join(folder, 'model.safetensors'),
      dataset: 'shapes',
      seed,
      images: '0,1',
      units: 'layer3.0,layer3.1,layer3.2',
      stages: true,
    },
    { out: join(out, 'spectrum') },
  );
  await batchStudy(join(out, 'batch'));
}

/** The second instrument: a small study of batch sizes, and the stability of the networks that it trained. */
async function batchStudy(out: string): Promise<void> {
  process.stdout.write(
    '\nThe second question, how large a batch is worth training with: a perceptron at five batch sizes, steps until its loss is below a target.\n',
  );
  const { status } = await computeShown(await layingOutListed(bundledStudy('demo'), {}), {
    out,
    maxParallel: 1,
    device: 'cpu',
  });
  if (status === 'interrupted') {
    process.stderr.write('interrupted; the same command goes on\n');
    process.exitCode = interruptedExitCode;
    return;
  }
  const report = await studyReport(out);
  const page = join(out, 'report.html');
  await writeStudyReport(report, page, { command: commandLine() });
  process.stdout.write(batchTable(report, { color: wantsColor(process.stdout) }));
  process.stdout.write(`\nreport: ${page}\n`);
  const index = await writeReportIndex(dirname(out), {
    title: 'Ballast demo',
    made: { ballast: version, date: new Date().toISOString() },
  });
  if (index !== null) process.stdout.write(`both reports: ${index}\n`);
  process.stdout.write(`all of it in the browser, to look at and go on with: ballast serve ${dirname(out)}\n`);
}
