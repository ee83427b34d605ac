import { scheduledTraining } from '../../../../app/study/index.ts';
import { formatCount, formatPercent } from '../../../../report/index.ts';

export async function run(request: Readonly<Record<string, unknown>>): Promise<void> {
  const { text, steps, share, batchSize } = await scheduledTraining(request);
  process.stdout.write(`${text}\n`);
  process.stderr.write(
    `${formatCount(steps)} steps, ${formatPercent(share)} of those at ${formatCount(batchSize)} throughout\n`,
  );
}
