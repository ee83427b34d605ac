import { join } from 'node:path';
import type { OutputFolder } from '../app/index.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { createProgress, wantsColor } from '../report/index.ts';
import { openOutputOf } from './output-folder.ts';

/** What a measurement takes from the command line beside what it measures. */
export interface Control {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number, detail: string) => void;
}

export interface OutputOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

interface Measurement<Plan, Result> {
  readonly plan: Plan;
  run(): Promise<Result>;
}

type Pages = typeof import('../report/pages.ts');

/** A measurement with a plan, and how it is told. */
export interface MeasurementRun<Plan, Result> {
  readonly label: string;
  readonly prepare: (control: Control) => Promise<Measurement<Plan, Result>>;
  /** Folder of finished parts below `--out`. */
  readonly parts: string;
  /** One line: what it will cost. */
  readonly estimate: (plan: Plan) => string;
  /** One line for each part, for `--dry-run`. */
  readonly details: (plan: Plan) => readonly string[];
  readonly table: (result: Result, options: { readonly color: boolean }) => string;
  /** What makes a page of the result, of all that makes pages. */
  readonly report: (pages: Pages) => (result: Result, options: { readonly command: string }) => string;
}

/** Measures with an estimate first and progress on standard error, then prints the result and writes result.json and report.html. */
export async function runMeasurement<Plan, Result>(
  { label, prepare, parts, estimate, details, table, report }: MeasurementRun<Plan, Result>,
  options: OutputOptions,
): Promise<void> {
  const { out, json = false, dryRun = false } = options;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const quiet = json && !process.stderr.isTTY;
  const progress = createProgress({ stream: process.stderr, label, quiet });
  let owner: OutputFolder | undefined;
  try {
    const measurement = await prepare({
      signal: stop.signal,
      onProgress: (fraction, detail) => progress.update(fraction, detail),
    });
    const { plan } = measurement;
    if (dryRun) {
      process.stdout.write(`${json ? JSON.stringify(plan) : [...details(plan), estimate(plan)].join('\n')}\n`);
      return;
    }
    // Before the long part, so that a folder that cannot be written costs nothing.
    if (out !== undefined) {
      owner = await openOutputOf(out, label, options);
      await makeFolder(join(out, parts));
    }
    if (!quiet) process.stderr.write(`${estimate(plan)}\n`);
    const result = await measurement.run();
    progress.finish();
    if (out !== undefined) {
      await writeFileAtomic(join(out, 'result.json'), JSON.stringify(result));
      const command = `ballast ${process.argv.slice(2).join(' ')}`;
      const pages = await import('../report/pages.ts');
      await writeFileAtomic(join(out, 'report.html'), report(pages)(result, { command }));
    }
    if (json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    process.stdout.write(`${table(result, { color: wantsColor(process.stdout) })}\n`);
    if (out !== undefined) process.stdout.write(`\nreport: ${join(out, 'report.html')}\n`);
  } finally {
    process.off('SIGINT', interrupt);
    progress.finish('stopped');
    owner?.release();
  }
}
