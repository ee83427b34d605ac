import { useEffect, useRef } from 'preact/hooks';
import { formatBytes, formatCount, formatNumber } from '../../../report/numbers.ts';
import type { TrialState } from '../../../schema/serve/index.ts';
import { useQuery } from '../../api/use-query.ts';
import { trialName } from './trial-names.ts';

/** Milliseconds between looks at the machine. */
const between = 5000;
/** Trials that are listed. */
const most = 32;

interface Seen {
  readonly step: number;
  readonly at: number;
  readonly speed: number | null;
}

/** Trials that are computed now, how fast, and how busy the machine is. */
export function Workers({ trials }: { readonly trials: readonly TrialState[] }) {
  const { value, reload } = useQuery('jobs', {});
  const running = trials.filter((t) => t.status === 'running');
  const seen = useRef(new Map<string, Seen>());
  const some = running.length > 0;
  useEffect(() => {
    if (!some) return;
    const timer = setInterval(reload, between);
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
  return (
    <details class="workers" open={running.length < 6}>
      <summary>
        {running.length} at work
        {machine &&
          `: load ${formatNumber(machine.load, 2)} of ${machine.cores} cores, ${formatBytes(machine.free)} of ${formatBytes(machine.memory)} free`}
      </summary>
      <ul class="notes">
        {running.slice(0, most).map((t) => {
          const speed = seen.current.get(t.id)?.speed;
          return (
            <li key={t.id}>
              {trialName(t, false)}: {formatCount(t.step)} of {formatCount(t.budgetSteps)} steps
              {speed ? `, ${formatNumber(speed)} a second` : ''}
            </li>
          );
        })}
      </ul>
    </details>
  );
}
