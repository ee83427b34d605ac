import { Command } from 'commander';
import {
  DataShelf,
  type ExtraRate,
  extend,
  findEdges,
  layOutStudy,
  measuredIn,
  readStudyFile,
  runStudy,
  syncStudy,
} from '../../batch/index.ts';
import { defaultThreads } from '../../runtime/index.ts';
import { StudyStore } from '../../store/index.ts';
import { wholeNumber } from '../options.ts';
import { dryRun } from './dry-run.ts';
import { listingMistakes } from './mistakes.ts';
import type { RunOptions } from './run-options.ts';
import { studyProgress } from './study-progress.ts';
import { countsText, edgeText } from './texts.ts';

const interrupted = 130;

export function runBatchCommand(): Command {
  return new Command('run')
    .description('Compute what is missing of a study; it can be interrupted, resumed, edited and run twice at once')
    .argument('<study.yaml>', 'the study: docs/batch-studies.md says what it has, `ballast batch schema` for editors')
    .requiredOption('--out <dir>', 'the study on disk: study.sqlite and trials/')
    .option('--data <dir>', 'where the data lies, for workloads that name no folder')
    .option('--max-parallel <n>', 'trials at a time; the threads are divided among them', wholeNumber(1), 1)
    .option('--threads <n>', 'threads of all trials together (default: all cores)', wholeNumber(1))
    .option('--device <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--extend', 'where the best rate lies on the edge of its grid, try more on that side, up to three')
    .option('--fail-fast', 'end with the first trial that fails')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
}

async function run(path: string, options: RunOptions): Promise<void> {
  const { out, json = false, maxParallel } = options;
  const parsed = await listingMistakes(() => readStudyFile(path));
  const shelf = new DataShelf();
  const layOut = (extra: readonly ExtraRate[]) =>
    listingMistakes(() => layOutStudy(parsed, { dir: options.data, extra, shelf }));
  if (options.dryRun) return dryRun(layOut, options);
  // A study that cannot be run leaves no trace.
  let layout = await layOut([]);
  const store = await StudyStore.open(out);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    for (;;) {
      const extra = store.extensions();
      if (extra.length > 0) layout = await layOut(extra);
      syncStudy(store, layout);
      const progress = studyProgress(layout, store, process.stderr, json && !process.stderr.isTTY);
      const { status, counts } = await runStudy({
        store,
        maxParallel,
        threads: options.threads ?? defaultThreads(),
        device: options.device,
        failFast: options.failFast === true,
        signal: stop.signal,
        onReport: progress.report,
        onNote: progress.note,
      }).finally(() => progress.finish());
      const edges = findEdges(measuredIn(store), layout.points);
      if (status === 'complete' && options.extend && extend(store, edges)) continue;
      if (json) process.stdout.write(`${JSON.stringify({ status, trials: counts, edges })}\n`);
      else {
        process.stdout.write(`${layout.name}: ${countsText(counts)}\n`);
        for (const edge of edges) process.stderr.write(`warning: ${edgeText(edge)}\n`);
      }
      if (status === 'interrupted') {
        process.stderr.write('interrupted; the same command goes on\n');
        process.exitCode = interrupted;
      } else if (counts.failed > 0) process.exitCode = 1;
      return;
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    store.close();
  }
}
