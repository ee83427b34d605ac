/** A plan of the batch size, from what is asked for to its folder: for a training of ours, or for a program that trains. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../base/version.ts';
import { owningFolder, writeFileAtomic } from '../../formats/index.ts';
import type { Control } from '../../instrument/index.ts';
import { formatCount, formatDuration, formatNumber, formatPercent } from '../../report/numbers.ts';
import { defaultThreads, describeRuntime } from '../../runtime/index.ts';
import {
  type BatchPlanOutline,
  type BatchPlanRequest,
  type BatchPlanResult,
  batchPlanKind,
  toDocument,
} from '../../schema/index.ts';
import type { Link } from '../../study/cost/index.ts';
import { layOutStudy, readStudyFile } from '../../study/index.ts';
import {
  type CommandPlanRequest,
  outlineCommandPlan,
  outlinePlan,
  type PlanRequest,
  planBatch,
  planCommand,
} from '../../study/plan/index.ts';
import { requireFree } from '../output-folder.ts';
import { openTraining, type WantedTraining } from '../training/wanted.ts';

/** A batch that grows has no one size to plan, and the plan has a rhythm of its own. */
type PlannedTraining = Omit<WantedTraining, 'growAt' | 'growBatch' | 'logEvery' | 'evalEvery' | 'checkpointEvery'>;

/** What is planned for. */
export type PlanSource =
  | ({ readonly kind: 'training' } & PlannedTraining)
  | {
      readonly kind: 'command';
      /** Study file that has its command. */
      readonly study: string;
      /** Which of the study; needed where it has several. */
      readonly workload?: string | undefined;
      /** How many it trains, which several devices have to sum. */
      readonly parameters?: number | undefined;
      readonly threads?: number | undefined;
    };

/** What a plan of the batch size is asked for. */
export interface WantedPlan {
  readonly source: PlanSource;
  /** Of the short run; a tenth of the training unless told, at least 200. */
  readonly steps?: number | undefined;
  /** Seconds for timed steps. */
  readonly timing: number;
  /** Of the cost table; powers of two, or those of the study, unless told. */
  readonly batchSizes?: readonly number[] | undefined;
  /** Numbers of devices. */
  readonly devices: readonly number[];
  /** Between devices. */
  readonly link?: Link | undefined;
  /** Of an hour of one device, in any currency. */
  readonly price?: number | undefined;
}

/** Who is told, and when it is to stop. */
export interface PlanOptions extends Pick<Control, 'signal' | 'onNote' | 'onProgress'> {
  /** Told of the steps of the short run. */
  readonly onStep?: ((step: number, detail: string) => void) | undefined;
  /** Told how long a step takes at a batch size. */
  readonly onPoint?: ((point: { readonly batchSize: number; readonly seconds: number }) => void) | undefined;
  /** What the page says it was made by. */
  readonly command?: string | undefined;
  /** What whoever comes second is told this process is doing. */
  readonly doing?: string | undefined;
}

/** A plan that has been made. */
export interface MadePlan {
  readonly result: BatchPlanResult;
  /** Path of its page. */
  readonly page: string;
}

/** A plan that can be told what it will do, and made. */
export interface PreparedPlan {
  /** What was asked for, as `plan.json` keeps it. */
  readonly request: BatchPlanRequest;
  readonly outline: BatchPlanOutline;
  /** What it is going to do, on a line. */
  readonly estimate: string;
  /**
   * Makes it in a folder: `plan.json`, `report.html`, and what an interrupted one goes on from. Undefined when it was interrupted. Throws UsageError for a
   * folder of something else, FolderOwned for one that another process writes.
   */
  run(folder: string): Promise<MadePlan | undefined>;
}

/** The file by which a plan's folder is known. */
const planFile = 'plan.json';

/** Throws UsageError for a folder that holds something else than a plan. */
export const requireFreeForPlan = (folder: string): void => requireFree(folder, [planFile]);

/** Lays a plan out. Throws InputError and UsageError for what does not go together, FileError for files that are not there. */
export async function preparePlan(wanted: WantedPlan, options: PlanOptions = {}): Promise<PreparedPlan> {
  const { source } = wanted;
  const { request, outline, estimate, make } =
    source.kind === 'command' ? await forCommand(wanted, source, options) : await forTraining(wanted, source, options);
  return {
    ...{ request, outline, estimate },
    async run(folder) {
      requireFreeForPlan(folder);
      const { doing = 'a plan of the batch size', command } = options;
      return owningFolder(folder, { doing }, async () => {
        // Somebody may have been faster.
        requireFreeForPlan(folder);
        const result = await make(folder);
        if (!result) return undefined;
        const document = toDocument(batchPlanKind, request, result);
        await writeFileAtomic(join(folder, planFile), `${JSON.stringify(document, null, 2)}\n`);
        const page = join(folder, 'report.html');
        const { renderBatchPlanReport } = await import('../../report/pages.ts');
        await writeFileAtomic(page, renderBatchPlanReport(result, command === undefined ? {} : { command }));
        return { result, page };
      });
    },
  };
}

interface Laid extends Omit<PreparedPlan, 'run'> {
  readonly make: (folder: string) => Promise<BatchPlanResult | undefined>;
}

/** What plans of both kinds keep of what was asked for. */
const requestOf = (
  config: BatchPlanRequest['config'],
  { timing, devices, steps, batchSizes, link, price }: WantedPlan,
): BatchPlanRequest => ({
  ...{ config, timing, devices },
  steps: steps ?? null,
  batchSizes: batchSizes ?? null,
  link: link ?? null,
  price: price ?? null,
});

async function environmentOf({ device, threads = defaultThreads() }: { device: string; threads?: number | undefined }) {
  const { cpu, node } = await describeRuntime();
  return { ballast: version, node, cpu, device, threads, date: new Date().toISOString() };
}

/** What a plan fixes itself; `outlinePlan` sets how often it writes. */
const rhythm = { growAt: [], growBatch: 2, logEvery: '1st', evalEvery: '1st', checkpointEvery: '1st' } as const;

async function forTraining(
  wanted: WantedPlan,
  source: Extract<PlanSource, { readonly kind: 'training' }>,
  { signal, onStep, onPoint, onNote, onProgress }: PlanOptions,
): Promise<Laid> {
  const { kind: _, ...training } = source;
  const { device = 'cpu', threads } = training;
  const { train, valid, config, microBatch, runtime } = await openTraining(
    { ...training, ...rhythm },
    { onNote, onProgress, asked: [] },
  );
  const { steps, batchSizes, price, link, timing, devices } = wanted;
  const common: Omit<PlanRequest, 'folder' | 'resume'> = {
    ...{ train, valid, config, timing, devices },
    ...(runtime ? { runtime } : {}),
    environment: await environmentOf({ device, threads }),
    ...(microBatch === undefined ? {} : { microBatch }),
    ...(steps === undefined ? {} : { steps }),
    ...(batchSizes ? { batchSizes } : {}),
    ...(price === undefined ? {} : { price }),
    ...(link ? { link } : {}),
    ...(signal ? { signal } : {}),
    ...(onNote ? { onNote } : {}),
    onStep: ({ step, loss }) => onStep?.(step, `loss ${loss.toFixed(3)}`),
    onPoint: (point) => onPoint?.(point),
  };
  const outline = outlinePlan({ ...common, folder: '', resume: false });
  const { parameters, run, batchSizes: sizes } = outline;
  return {
    request: requestOf(config, wanted),
    outline,
    estimate: `${lineOf(`${source.model} (${formatCount(parameters)} trained parameters) on ${source.dataset}`, outline, run)}, and up to ${formatDuration(timing)} of timed steps at batch sizes ${sizes[0]} to ${formatCount(sizes.at(-1)!)}`,
    // `run/` of a plan has its run, and its beginning is the plan's.
    make: (folder) => planBatch({ ...common, folder, resume: existsSync(join(folder, 'run', 'config.json')) }),
  };
}

async function forCommand(
  wanted: WantedPlan,
  { study, workload, parameters, threads }: Extract<PlanSource, { readonly kind: 'command' }>,
  { signal = new AbortController().signal, onStep, onPoint, onNote }: PlanOptions,
): Promise<Laid> {
  const { source: _, ...asked } = wanted;
  const common: Omit<CommandPlanRequest, 'folder'> = {
    layout: await layOutStudy(await readStudyFile(study)),
    ...{ ...asked, workload, parameters, signal },
    environment: await environmentOf({ device: 'cpu', threads }),
    onStep: (step) => onStep?.(step, ''),
    onPoint: (point) => onPoint?.(point),
    ...(onNote ? { onNote } : {}),
  };
  const laid = outlineCommandPlan({ ...common, folder: '' });
  const { name, model, spec, timed, steps, batchSizes, reference } = laid;
  const { batch: batchSize, microBatch } = spec.values;
  return {
    // Words and values; what is in its environment may be nobody's business.
    request: requestOf({ workload: name, command: spec.command, values: spec.values }, wanted),
    outline: { steps, run: spec.values, batchSizes, reference, parameters: parameters ?? null },
    estimate: `${lineOf(`${name} (${model})`, laid, { batchSize, microBatch })}, and up to ${formatDuration(wanted.timing)} of steps at batch sizes ${timed.map(formatCount).join(', ')}`,
    make: (folder) => planCommand({ ...common, folder }),
  };
}

/** The short run beside the training that is planned for. */
const lineOf = (
  what: string,
  { steps, reference }: Pick<BatchPlanOutline, 'steps' | 'reference'>,
  { batchSize, microBatch }: { readonly batchSize: number; readonly microBatch: number },
) =>
  `${what}, planned for ${formatCount(reference.steps)} steps of ${formatCount(reference.batchSize)} (${formatNumber(reference.epochs)} epochs): ` +
  `a run of ${formatCount(steps)} steps of ${formatCount(batchSize)} = ${batchSize / microBatch} x ${microBatch} (${formatPercent(steps / reference.steps)} of them)`;
