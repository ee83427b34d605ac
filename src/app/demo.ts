/** Both instruments on data that is rendered on the spot: a network is trained and linearized, then a small study of batch sizes is computed. */
import { join } from 'node:path';
import { version } from '../base/version.ts';
import { loadDataset } from '../data/index.ts';
import { makeFolder } from '../formats/index.ts';
import { writeReportIndex } from '../report/index.ts';
import type { SpectrumResult } from '../schema/index.ts';
import type { StudyReport } from '../study/analysis/index.ts';
import type { ReportCost } from '../study/cost/index.ts';
import { bundledStudy } from '../study/index.ts';
import { type RunConfig, trainNetwork } from '../train/index.ts';
import { prepare } from './measure.ts';
import { spectrum } from './measurements/spectrum.ts';
import { openOutput } from './output-folder.ts';
import { computeStudy, layingOut, type StudyOptions } from './study/compute-study.ts';
import { studyReport, writeStudyReport } from './study/study-report.ts';

/** What a demonstration is at. */
export type DemoEvent =
  | { readonly kind: 'training'; readonly epochs: number }
  | { readonly kind: 'step'; readonly epoch: number; readonly loss: number; readonly examplesPerSecond: number }
  | { readonly kind: 'trained'; readonly seconds: number; readonly accuracy: number; readonly images: number }
  | { readonly kind: 'measuring'; readonly estimate: string | undefined }
  | { readonly kind: 'measured part'; readonly fraction: number; readonly detail: string }
  | { readonly kind: 'measured'; readonly result: SpectrumResult; readonly page: string }
  | { readonly kind: 'study' };

/** Where it goes, and who is told. */
export interface DemoOptions extends Pick<StudyOptions, 'signal' | 'onRound' | 'onReport' | 'onRoundEnd' | 'onNote'> {
  readonly out: string;
  /** Of the weights and of the images. */
  readonly seed: number;
  /** What the pages say they were made by. */
  readonly command?: string | undefined;
  /** What whoever comes second is told this process is doing. */
  readonly doing?: string | undefined;
  readonly onEvent?: ((event: DemoEvent) => void) | undefined;
}

/** What it has come to. */
export type Demonstrated =
  /** `step`: of the training, where it was interrupted in that. */
  | { readonly status: 'interrupted'; readonly step?: number }
  | {
      readonly status: 'complete';
      readonly report: StudyReport<ReportCost>;
      /** Path of the page of the study. */
      readonly page: string;
      /** Path of the page over this one and that of the spectra; null where there is but one. */
      readonly index: string | null;
    };

/** Three epochs with one rise and fall of the rate: about a minute on 2 cores, to about 90 % on the test images. */
const epochs = 3;
const settings = (seed: number): RunConfig => ({
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
  length: `${epochs}ep`,
  logEvery: '20st',
  evalEvery: '1ep',
  checkpointEvery: '1ep',
  lossBound: 1e4,
});

/** Runs it in its folder; the same again goes on. Throws as `openOutput` and `computeStudy` do, and the reason of `signal` when it fires while spectra are measured. */
export async function demonstrate(options: DemoOptions): Promise<Demonstrated> {
  const { out, seed, doing = 'a demonstration' } = options;
  const folder = await openOutput(out, { kind: 'demo', request: { seed } }, doing);
  try {
    const trained = await train(options);
    if (trained.status === 'interrupted') return { status: 'interrupted', step: trained.steps };
    await measure(options);
    return await study(options);
  } finally {
    folder.release();
  }
}

const trainingFolder = ({ out, seed }: DemoOptions) => join(out, `training-seed-${seed}`);

async function train(options: DemoOptions) {
  const { seed, signal, onEvent } = options;
  const config = settings(seed);
  onEvent?.({ kind: 'training', epochs });
  const train = await loadDataset({ name: 'shapes', split: 'train', seed });
  const valid = await loadDataset({ name: 'shapes', split: 'test', seed });
  const folder = trainingFolder(options);
  await makeFolder(folder);
  const result = await trainNetwork({
    ...{ config, train, valid, folder },
    resume: true,
    ...(signal && { signal }),
    onStep: ({ step, loss, examplesPerSecond }) =>
      onEvent?.({ kind: 'step', epoch: (step * config.batchSize) / train.count, loss, examplesPerSecond }),
  });
  const { status, seconds, final } = result;
  if (status !== 'interrupted')
    onEvent?.({ kind: 'trained', seconds, accuracy: final.valMetric ?? 0, images: valid.count });
  return result;
}

async function measure(options: DemoOptions): Promise<void> {
  const { out, seed, signal, command, onEvent, onNote } = options;
  const { model, normalize, dataset } = settings(seed);
  const underway = await prepare(
    spectrum,
    {
      ...{ model, normalize, dataset, seed },
      weights: join(trainingFolder(options), 'model.safetensors'),
      images: '0,1',
      units: 'layer3.0,layer3.1,layer3.2',
      stages: true,
    },
    {
      ...{ out: join(out, 'spectrum'), signal, command, onNote },
      onProgress: (fraction, detail) => onEvent?.({ kind: 'measured part', fraction, detail }),
    },
  );
  try {
    onEvent?.({ kind: 'measuring', estimate: underway.estimate });
    const { result, page } = await underway.run();
    onEvent?.({ kind: 'measured', result: result as SpectrumResult, page: page! });
  } finally {
    await underway.dispose();
  }
}

async function study({ out: above, signal, command, doing, onEvent, ...listener }: DemoOptions): Promise<Demonstrated> {
  const { onRound, onReport, onRoundEnd, onNote } = listener;
  const out = join(above, 'batch');
  onEvent?.({ kind: 'study' });
  const { status } = await computeStudy(await layingOut(bundledStudy('demo')), {
    ...{ out, signal, doing, onRound, onReport, onRoundEnd, onNote },
    maxParallel: 1,
  });
  if (status === 'interrupted') return { status };
  const report = await studyReport(out);
  const page = join(out, 'report.html');
  await writeStudyReport(report, page, command === undefined ? {} : { command });
  const index = await writeReportIndex(above, {
    title: 'Ballast demo',
    made: { ballast: version, date: new Date().toISOString() },
  });
  return { status, report, page, index };
}
