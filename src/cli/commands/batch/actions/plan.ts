import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { heldOutSplit } from '../../../../data/index.ts';
import { formatCount, formatDuration, formatNumber, formatPercent, type Progress } from '../../../../report/index.ts';
import { batchPlanOutlineKind } from '../../../../schema/index.ts';
import { outlinePlan, type PlanOutline, type PlanRequest, planBatch } from '../../../../study/plan/index.ts';
import { type DatasetOptions, type DeviceOptions, requiredOut } from '../../../flags/options.ts';
import { runtimeOf } from '../../../flags/runtime.ts';
import { loadSplit } from '../../../flags/test-set.ts';
import { configFrom, microBatchOf, type TrainSettings } from '../../../flags/train-config.ts';
import { interruptedExitCode } from '../../../terminal/failure.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { alone } from '../../../terminal/output-folder.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { type ClusterOptions, linkOf } from '../cluster-options.ts';
import { refuseRunOptions, requireRunOptions } from '../plan-options.ts';
import { planOfCommand } from './plan-of-command.ts';
import { deliverPlan, environmentOfPlan, shortRunProgress } from './plan-output.ts';

/** A batch that grows has no one size to plan, and the plan has a rhythm of its own. */
type PlannedSettings = Omit<TrainSettings, 'growAt' | 'growBatch' | 'logEvery' | 'evalEvery' | 'checkpointEvery'>;

interface PlanOptions extends PlannedSettings, Omit<DatasetOptions, 'dataset'>, DeviceOptions, ClusterOptions {
  readonly command?: string;
  readonly workload?: string;
  readonly parameters?: number;
  readonly steps?: number;
  readonly against?: string;
  readonly batchSizes?: number[];
  readonly timing: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export async function plan(options: PlanOptions, command: Command): Promise<void> {
  if (options.command !== undefined) {
    refuseRunOptions(command);
    return planOfCommand({ ...options, command: options.command }, requiredOut(options, command));
  }
  requireRunOptions(command);
  const out = requiredOut(options, command);
  if (out === undefined || options.dryRun) return planIn(options, out);
  // What cannot be asked for is refused before there is a folder.
  linkOf(options);
  return alone(out, ['plan.json'], () => planIn(options, out));
}

/** `run/` of a plan has its run, and its beginning is the plan's. */
const isBegun = (out: string) => existsSync(join(out, 'run', 'config.json'));

async function planIn(options: PlanOptions, out: string | undefined): Promise<void> {
  const { json = false, dryRun = false } = options;
  const interrupts = listenForInterrupts();
  let progress: Progress | undefined;
  const request: PlanRequest = {
    ...(await planned(options)),
    folder: out ?? '',
    resume: options.resume === true || (out !== undefined && isBegun(out)),
    signal: interrupts.signal,
    onStep: ({ step, loss }) => progress?.update(step, `loss ${loss.toFixed(3)}`),
    onPoint: ({ batchSize, seconds }) => {
      progress?.finish();
      if (!json) process.stderr.write(`a step of ${formatCount(batchSize)} takes ${formatDuration(seconds)}\n`);
    },
    onNote: (note) => process.stderr.write(`note: ${note}\n`),
  };
  try {
    const outline = outlinePlan(request);
    if (out === undefined || dryRun) {
      if (json) printDocument(batchPlanOutlineKind, requestOf(request), outline);
      else process.stdout.write(`${described(options, outline)}\n`);
      return;
    }
    if (!json) process.stderr.write(`${described(options, outline)}\n`);
    progress = shortRunProgress(outline.steps, json);
    const result = await planBatch(request);
    progress.finish(result ? 'done' : 'stopped');
    if (!result) {
      process.stderr.write('interrupted; the same command goes on\n');
      process.exitCode = interruptedExitCode;
      return;
    }
    await deliverPlan(requestOf(request), result, { out, json, against: options.against });
  } finally {
    interrupts.end();
    progress?.finish('stopped');
  }
}

/** What the options ask for. Throws UsageError for a link of which half is missing. */
async function planned(options: PlanOptions): Promise<Omit<PlanRequest, 'folder' | 'resume'>> {
  const { price, batchSizes, devices } = options;
  const link = linkOf(options);
  const train = await loadSplit(options, 'train');
  const valid = await loadSplit(options, heldOutSplit(options.dataset));
  const microBatch = microBatchOf({ ...options, ...rhythm });
  return {
    train,
    valid,
    config: configFrom({ ...options, ...rhythm }, train),
    timing: options.timing,
    devices,
    runtime: runtimeOf(options),
    environment: await environmentOfPlan(options),
    ...(microBatch === undefined ? {} : { microBatch }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    ...(batchSizes ? { batchSizes } : {}),
    ...(price === undefined ? {} : { price }),
    ...(link ? { link } : {}),
  };
}

/** What a plan fixes itself; `outlinePlan` sets how often it writes. */
const rhythm = { growAt: [], growBatch: 2, logEvery: '1st', evalEvery: '1st', checkpointEvery: '1st' } as const;

/** What was asked for, as a plan keeps it. */
const requestOf = ({ config, steps, timing, batchSizes, devices, link, price }: PlanRequest) => ({
  ...{ config, timing, devices },
  steps: steps ?? null,
  batchSizes: batchSizes ?? null,
  link: link ?? null,
  price: price ?? null,
});

/** What a plan is going to do, on a line. */
function described(
  { model, dataset, timing }: PlanOptions,
  { run, steps, reference, batchSizes, parameters }: PlanOutline,
): string {
  return (
    `${model} (${formatCount(parameters)} trained parameters) on ${dataset}, planned for ${formatCount(reference.steps)} steps of ` +
    `${reference.batchSize} (${formatNumber(reference.epochs)} epochs): a run of ${formatCount(steps)} steps of ${run.batchSize} = ` +
    `${run.batchSize / run.microBatch} x ${run.microBatch} (${formatPercent(steps / reference.steps)} of them), and up to ${formatDuration(timing)} of ` +
    `timed steps at batch sizes ${batchSizes[0]} to ${formatCount(batchSizes.at(-1)!)}`
  );
}
