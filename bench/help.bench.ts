/**
 * `npm run bench -- help [COMMAND...]`: how long the help of each command takes, from the start of its process to its end, beside Node that does nothing; of
 * all commands and their own, unless told. To be met: each below 0.35 s.
 */
import { spawnSync } from 'node:child_process';
import { BallastError } from '../src/base/errors.ts';
import { batchSummaries } from '../src/cli/commands/batch/summaries.ts';
import { reproduceSummaries } from '../src/cli/commands/reproduce/summaries.ts';
import { commandSummaries } from '../src/cli/summaries.ts';
import { alternate, type BenchResult, type Case, timed } from './harness.ts';

const all = [
  '',
  ...Object.keys(commandSummaries),
  ...Object.keys(batchSummaries).map((name) => `batch ${name}`),
  ...Object.keys(reproduceSummaries).map((name) => `reproduce ${name}`),
];

const most = 0.35;

async function run(args: readonly string[]): Promise<void> {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new BallastError(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
}

export default async function bench(args: readonly string[]): Promise<BenchResult> {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'build'], { encoding: 'utf8' });
  if (status !== 0) throw new BallastError(`the build failed: ${stdout}${stderr}`);
  const cases: Case[] = [];
  for (const command of args.length > 0 ? [args.join(' ')] : all) {
    const words = command.split(' ').filter((word) => word !== '');
    cases.push(
      await alternate(
        { name: `ballast ${[...words, '--help'].join(' ')}`, unit: 'helps/s', work: 1, rounds: 5, peers: ['node'] },
        [
          { name: 'ballast', run: () => timed(() => run(['dist/cli/main.js', ...words, '--help'])) },
          { name: 'node', run: () => timed(() => run(['-e', '0'])) },
        ],
      ),
    );
  }
  const slow = cases.filter((c) => c.measurements[0]!.medianSeconds >= most);
  return {
    what: 'the help of a command, from the start of its process to its end',
    cases,
    notes: [
      slow.length === 0
        ? `every help takes less than ${most} s`
        : `${slow.length} of ${cases.length} take ${most} s or more: ${slow.map((c) => c.name).join(', ')}`,
    ],
  };
}
