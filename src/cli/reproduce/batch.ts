import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { StudyReport } from '../../batch/analysis/index.ts';
import { type BundledStudy, bundledStudies, bundledStudy, measureLinearErrors } from '../../batch/index.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import { createProgress } from '../../report/index.ts';
import { parseDevice } from '../../runtime/index.ts';
import { version } from '../../version.ts';
import { computeStudy, layingOut } from '../batch/compute-study.ts';
import { dryRun } from '../batch/dry-run.ts';
import { addRunOptions } from '../batch/run.ts';
import type { RunOptions } from '../batch/run-options.ts';
import { studyReport, writeStudyReport } from '../batch/study-report.ts';
import { countsText } from '../batch/texts.ts';
import { interruptedExitCode } from '../failure.ts';
import { listenForInterrupts } from '../interrupts.ts';
import { requiredOut } from '../options.ts';
import { folderName } from '../values.ts';

interface ReproduceBatchOptions extends RunOptions {
  readonly studies: readonly BundledStudy[];
}

function namesOf(text: string): BundledStudy[] {
  const names = text.split(',').map((part) => part.trim());
  const wrong = names.find((n) => !(bundledStudies as readonly string[]).includes(n));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`expected some of ${bundledStudies.join(', ')}, got "${wrong}".`);
  return [...new Set(names)] as BundledStudy[];
}

export function reproduceBatchCommand(): Command {
  const command = new Command('batch')
    .description(
      'The statements of Golmant et al. (arXiv 1811.12941) on studies of classification, language and segmentation that Ballast brings along: runs what is missing of them, then reports',
    )
    .option('--studies <names>', `some of ${bundledStudies.join(', ')}; only shapes needs no data`, namesOf, [
      ...bundledStudies,
    ])
    .option(
      '--out <dir>',
      'a folder for each study, and index.html over all of them (required unless --dry-run)',
      folderName,
    );
  return addRunOptions(command).action(run);
}

async function run(options: ReproduceBatchOptions, command: Command): Promise<void> {
  const { studies, json = false, device, threads } = options;
  const out = requiredOut(options, command);
  const reports: StudyReport<unknown>[] = [];
  for (const name of studies) {
    const layOut = await layingOut(bundledStudy(name), options);
    if (out === undefined || options.dryRun) {
      const { out: _, ...rest } = options;
      await dryRun(layOut, out === undefined ? rest : { ...rest, out: join(out, name) });
      continue;
    }
    const folder = join(out, name);
    const { status, counts } = await computeStudy(layOut, { ...options, out: folder });
    process.stderr.write(`${name}: ${countsText(counts)}\n`);
    if (status === 'interrupted') {
      process.stderr.write('interrupted; the same command goes on\n');
      process.exitCode = interruptedExitCode;
      return;
    }
    if (counts.failed > 0) process.exitCode = 1;
    const progress = createProgress({
      stream: process.stderr,
      label: `${name}, linear approximation`,
      quiet: json && !process.stderr.isTTY,
    });
    const interrupts = listenForInterrupts();
    await measureLinearErrors({
      folder,
      signal: interrupts.signal,
      data: options.data,
      runtime: { device: parseDevice(device), ...(threads === undefined ? {} : { threads }) },
      onProgress: (share, detail) => progress.update(share, detail),
    }).finally(() => {
      interrupts.end();
      progress.finish(interrupts.signal.aborted ? 'stopped' : 'done');
    });
    const report = await studyReport(folder, { devices: [1] });
    await writeStudyReport(report, join(folder, 'report.html'));
    reports.push(report);
  }
  if (out === undefined || options.dryRun) return;
  const page = join(out, 'index.html');
  const made = { ballast: version, date: new Date().toISOString() };
  const { renderBatchReproduction } = await import('../../report/pages.ts');
  await writeFileAtomic(
    page,
    renderBatchReproduction(reports, { command: `ballast ${process.argv.slice(2).join(' ')}`, made, folders: studies }),
  );
  if (json) {
    const found = reports.map(({ study, statements }) => ({ study, statements }));
    process.stdout.write(`${JSON.stringify({ studies: found })}\n`);
    return;
  }
  for (const { study, statements } of reports) {
    process.stdout.write(`${study}\n`);
    for (const s of statements)
      process.stdout.write(`  ${s.verdict.padEnd(18)}${s.statement}\n  ${' '.repeat(18)}${s.answer}\n`);
  }
  process.stdout.write(`\nreport: ${page}\n`);
}
