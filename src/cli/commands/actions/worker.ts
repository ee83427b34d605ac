import { work } from '../../../app/queue/index.ts';
import { formatCount } from '../../../report/index.ts';
import type { WorkerRequest } from '../../../schema/index.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';

/** A line with its time, as a log has them. */
const say = (text: string) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

export async function worker(request: WorkerRequest): Promise<void> {
  const interrupts = listenForInterrupts();
  try {
    const { ended } = await work({
      ...request,
      ca: request.redisCa,
      signal: interrupts.signal,
      onReport: (report) => {
        if (report.kind === 'began')
          say(`trial ${report.id.slice(0, 8)}: attempt ${report.attempt} from step ${report.step}`);
        if (report.kind === 'ended')
          say(
            `trial ${report.id.slice(0, 8)}: ${report.status}${report.note === undefined ? '' : ` (${report.note})`}`,
          );
      },
      onNote: (note) => say(`note: ${note}`),
    });
    say(`${formatCount(ended)} trial${ended === 1 ? '' : 's'} taken; the end`);
  } finally {
    interrupts.end();
  }
}
