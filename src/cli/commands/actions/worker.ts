import { work } from '../../../app/queue/index.ts';
import { formatCount } from '../../../report/index.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';

interface WorkerCommandOptions {
  readonly queue: string;
  readonly namespace?: string;
  readonly redisCa?: string;
  readonly data?: readonly string[];
  readonly shared?: readonly string[];
  readonly scratch?: string;
  readonly maxParallel?: number;
  readonly threads?: number;
  readonly device: string;
  readonly gpus?: readonly string[];
  readonly allowCommands?: boolean;
  readonly seconds?: number;
  readonly untilIdle?: boolean;
}

/** A line with its time, as a log has them. */
const say = (text: string) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

export async function worker(options: WorkerCommandOptions): Promise<void> {
  const { allowCommands = false, untilIdle = false, redisCa: ca } = options;
  const interrupts = listenForInterrupts();
  try {
    const { ended } = await work({
      ...options,
      ...{ allowCommands, untilIdle, ca },
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
