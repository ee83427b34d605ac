import { Command } from 'commander';
import { layOutStudy, readStudyFile, runStudy, syncStudy } from '../../batch/index.ts';
import { formatCount } from '../../report/index.ts';
import { defaultThreads } from '../../runtime/index.ts';
import { StudyStore } from '../../store/index.ts';
import { wholeNumber } from '../options.ts';
import { dryRun } from './dry-run.ts';
import { listingMistakes } from './mistakes.ts';
import { studyProgress } from './study-progress.ts';

export interface RunOptions {
  readonly out: string;
  readonly data?: string;
  readonly maxParallel: number;
  readonly threads?: number;
  readonly device: string;
  readonly dryRun?: boolean;
  readonly failFast?: boolean;
  readonly json?: boolean;
}

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
    .option('--fail-fast', 'end with the first trial that fails')
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .action(run);
}

async function run(path: string, options: RunOptions): Promise<void> {
  const { out, json = false, maxParallel } = options;
  const layout = await listingMistakes(async () => layOutStudy(await readStudyFile(path), { dir: options.data }));
  if (options.dryRun) return dryRun(layout, options);
  const store = await StudyStore.open(out);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const progress = studyProgress(layout, store, process.stderr, json && !process.stderr.isTTY);
  try {
    syncStudy(store, layout);
    const result = await runStudy({
      store,
      maxParallel,
      threads: options.threads ?? defaultThreads(),
      device: options.device,
      failFast: options.failFast === true,
      signal: stop.signal,
      onReport: progress.report,
      onNote: progress.note,
    });
    progress.finish();
    const { status, counts } = result;
    if (json) process.stdout.write(`${JSON.stringify({ status, trials: counts })}\n`);
    else {
      const parts = Object.entries(counts).flatMap(([name, n]) => (n > 0 ? [`${formatCount(n)} ${name}`] : []));
      process.stdout.write(`${layout.name}: ${parts.join(', ')}\n`);
    }
    if (status === 'interrupted') {
      process.stderr.write('interrupted; the same command goes on\n');
      process.exitCode = interrupted;
    } else if (counts.failed > 0) process.exitCode = 1;
  } finally {
    progress.finish();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    store.close();
  }
}
