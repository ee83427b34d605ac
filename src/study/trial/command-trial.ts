import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasurementRow } from '../../store/index.ts';
import { runCommand } from '../../trials/index.ts';
import { shouldStop } from '../declare/stopping.ts';
import type { CommandTrialSpec } from '../layout/trial-spec.ts';
import { renewal, type TrialOutcome, type TrialRequest } from './trial-request.ts';

/** Milliseconds between reports of steps. */
const reporting = 1000;

/**
 * Runs a command as a trial, from its newest checkpoint on where it can, and tells what it logs as it comes, with the attempt's fence: a program whose trial somebody
 * else owns by now is ended, and nothing of it is stored.
 */
export async function runCommandTrial(
  request: TrialRequest,
  { command, rules, keep }: CommandTrialSpec,
): Promise<TrialOutcome> {
  const { trial, signal } = request;
  const { folder, budgetSteps } = trial;
  const { gpus: wanted } = command.resources;
  const gpus = request.gpus?.slice(0, wanted ?? 1);
  let [renewed, reported] = [Date.now(), 0];
  let loss: number | null = null;
  const result = await runCommand({
    spec: command,
    folder,
    known: trial.known(),
    budgetSteps,
    budgetSeconds: trial.budgetSeconds,
    signal,
    gpus,
    onBegin: (step) => {
      trial.begin(step);
      request.onBegin?.(step);
    },
    onRow: (row: MeasurementRow) => {
      trial.measure(row);
      loss = row.trainLoss ?? row.valLoss ?? loss;
    },
    isOver: (curve) => rules.length > 0 && rules.every((rule) => shouldStop(rule, curve, budgetSteps)),
    onLife: (step) => {
      const now = Date.now();
      if (now - reported >= reporting) {
        reported = now;
        request.onStep?.({ step, loss, examplesPerSecond: null });
      }
      if (now - renewed < renewal) return;
      renewed = now;
      trial.renew(step);
    },
  });
  const { status, note } = result;
  if (status !== 'interrupted' && status !== 'failed' && keep === 'nothing')
    await rm(join(folder, 'run'), { recursive: true, force: true });
  trial.end({
    status: status === 'interrupted' ? 'queued' : status,
    step: result.step,
    note: status === 'interrupted' ? undefined : note,
    hardware: hardwareOf(request, gpus),
    secondsPerStep: result.secondsPerStep,
  });
  return { status, note };
}

/** The processor, and which of the graphics processors; what the program makes of them is its own. */
function hardwareOf({ hardware }: TrialRequest, gpus: readonly string[] | undefined): string {
  const processor = hardware.split(', ')[0]!;
  return gpus === undefined || gpus.length === 0 ? processor : `${processor}, GPU ${gpus.join(', ')}`;
}
