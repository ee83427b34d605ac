import { useEffect, useRef } from 'preact/hooks';
import { formatBytes, formatCount, formatNumber } from '../../../report/numbers.ts';
import type { TrialState, WorkerState } from '../../../schema/serve/index.ts';
import { useQuery } from '../../api/use-query.ts';
import { trialName } from './trial-names.ts';

/** Milliseconds between looks at the workers. */
const between = 5000;
/** Trials that are listed. */
const most = 32;

interface Seen {
  readonly step: number;
  readonly at: number;
  readonly speed: number | null;
}

/** Who computes a trial, and how busy that keeps the machine. */
function loadText({ machine, pid, cores, memory }: WorkerState): string {
  const load = [
    ...(cores === null ? [] : [`${formatNumber(cores, 2)} cores busy`]),
    ...(memory === null ? [] : [formatBytes(memory)]),
  ];
  return `process ${pid} on ${machine}${load.length > 0 ? `, ${load.join(', ')}` : ''}`;
}

/** Trials that are computed now, how fast, by whom, and how busy the machines are. */
export function Workers({ study, trials }: { readonly study: string; readonly trials: readonly TrialState[] }) {
  const running = trials.filter((t) => t.status === 'running');
  const some = running.length > 0;
  const { value, reload } = useQuery('workers', some ? { study } : null);
  const seen = useRef(new Map<string, Seen>());
  useEffect(() => {
    if (!some) return;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, between);
    return () => clearInterval(timer);
  }, [some, reload]);
  if (!some) return null;
  const now = performance.now();
  for (const { id, step } of running) {
    const before = seen.current.get(id);
    if (!before) seen.current.set(id, { step, at: now, speed: null });
    else if (step > before.step)
      seen.current.set(id, { step, at: now, speed: (1000 * (step - before.step)) / (now - before.at) });
  }
  const machine = value?.machine;
  const workers = new Map(value?.workers.map((w) => [w.trial, w]));
  const count = new Set(value?.workers.map((w) => `${w.machine} ${w.pid}`)).size;
  return (
    <details class="workers" open={running.length < 6}>
      <summary>
        {running.length} at work{count > 0 ? ` by ${count} ${count === 1 ? 'process' : 'processes'}` : ''}
        {machine &&
          `: load ${formatNumber(machine.load, 2)} of ${machine.cores} cores, ${formatBytes(machine.free)} of ${formatBytes(machine.memory)} free`}
      </summary>
      <ul class="notes">
        {running.slice(0, most).map((t) => {
          const speed = seen.current.get(t.id)?.speed;
          const worker = workers.get(t.id);
          return (
            <li key={t.id}>
              {trialName(t, false)}: {formatCount(t.step)} of {formatCount(t.budgetSteps)} steps
              {speed ? `, ${formatNumber(speed)} a second` : ''}
              {worker && <span class="says"> · {loadText(worker)}</span>}
            </li>
          );
        })}
        {running.length > most && <li>and {running.length - most} more</li>}
      </ul>
    </details>
  );
}
