import { formatCount, formatDuration, formatNumber, formatPercent, type Progress } from '../../../../report/index.ts';
import { batchPlanOutlineKind } from '../../../../schema/index.ts';
import { layOutStudy, readStudyFile } from '../../../../study/index.ts';
import {
  type CommandPlanOutline,
  type CommandPlanRequest,
  outlineCommandPlan,
  planCommand,
} from '../../../../study/plan/index.ts';
import { interruptedExitCode } from '../../../terminal/failure.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { alone } from '../../../terminal/output-folder.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { type ClusterOptions, linkOf } from '../cluster-options.ts';
import { deliverPlan, environmentOfPlan, shortRunProgress } from './plan-output.ts';

interface CommandPlanOptions extends ClusterOptions {
  /** Study file. */
  readonly command: string;
  readonly workload?: string;
  readonly parameters?: number;
  readonly steps?: number;
  readonly against?: string;
  readonly batchSizes?: number[];
  readonly timing: number;
  readonly threads?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `ballast batch plan --command STUDY`: a plan for a program that trains. */
export async function planOfCommand(options: CommandPlanOptions, out: string | undefined): Promise<void> {
  const { json = false, dryRun = false, workload, steps, batchSizes, parameters, timing, devices, price } = options;
  const interrupts = listenForInterrupts();
  let progress: Progress | undefined;
  const request: CommandPlanRequest = {
    layout: await layOutStudy(await readStudyFile(options.command)),
    ...{ workload, steps, batchSizes, parameters, timing, devices, price },
    link: linkOf(options),
    folder: out ?? '',
    environment: await environmentOfPlan({ device: 'cpu', threads: options.threads }),
    signal: interrupts.signal,
    onStep: (step) => progress?.update(step),
    onPoint: ({ batchSize, seconds }) => {
      progress?.finish();
      if (!json) process.stderr.write(`a step of ${formatCount(batchSize)} takes ${formatDuration(seconds)}\n`);
    },
    onNote: (note) => process.stderr.write(`note: ${note}\n`),
  };
  try {
    const outline = outlineCommandPlan(request);
    const asked = {
      // Words and values; what is in its environment may be nobody's business.
      config: { workload: outline.name, command: outline.spec.command, values: outline.spec.values },
      ...{ timing, devices },
      steps: steps ?? null,
      batchSizes: batchSizes ?? null,
      link: request.link ?? null,
      price: price ?? null,
    };
    if (out === undefined || dryRun) {
      const { reference, spec } = outline;
      if (json)
        printDocument(batchPlanOutlineKind, asked, {
          steps: outline.steps,
          run: spec.values,
          batchSizes: outline.batchSizes,
          reference,
          parameters: parameters ?? null,
        });
      else process.stdout.write(`${described(outline, timing)}\n`);
      return;
    }
    await alone(out, ['plan.json'], async () => {
      if (!json) process.stderr.write(`${described(outline, timing)}\n`);
      progress = shortRunProgress(outline.steps, json);
      const result = await planCommand(request);
      progress.finish(result ? 'done' : 'stopped');
      if (result) return deliverPlan(asked, result, { out, json, against: options.against });
      process.stderr.write('interrupted; the same command goes on\n');
      process.exitCode = interruptedExitCode;
    });
  } finally {
    interrupts.end();
    progress?.finish('stopped');
  }
}

function described({ name, model, spec, steps, reference, timed }: CommandPlanOutline, timing: number): string {
  const { batch, microBatch } = spec.values;
  return (
    `${name} (${model}), planned for ${formatCount(reference.steps)} steps of ${formatCount(reference.batchSize)} (${formatNumber(reference.epochs)} epochs): ` +
    `a run of ${formatCount(steps)} steps of ${batch} = ${batch / microBatch} x ${microBatch} (${formatPercent(steps / reference.steps)} of them), ` +
    `and up to ${formatDuration(timing)} of steps at batch sizes ${timed.map(formatCount).join(', ')}`
  );
}
