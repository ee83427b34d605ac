import { syncQueuedStudy } from '../../../../app/queue/index.ts';
import { countsText } from '../shown/texts.ts';

export async function sync(dir: string): Promise<void> {
  const counts = await syncQueuedStudy(dir, { onNote: (note) => process.stderr.write(`note: ${note}\n`) });
  process.stdout.write(`${countsText(counts)}\n`);
  if (counts.failed > 0 && counts.queued === 0 && counts.running === 0) process.exitCode = 1;
}
