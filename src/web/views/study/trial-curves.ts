import { useEffect, useRef, useState } from 'preact/hooks';
import type { CurveQuantity, ThinnedCurve, TrialState } from '../../../schema/serve/index.ts';
import { ask, Failed } from '../../api/client.ts';
import { live } from '../../api/live.ts';

/** Points of all curves together: what a screen can show, and a frame can draw. */
const mostPoints = 9000;

/** A curve that has gained so many points since it was thinned is thinned anew. */
const mostGained = 1000;

/** Milliseconds between looks at what curves have gained. */
const between = 700;

interface Grown extends ThinnedCurve {
  /** Points that came since it was thinned. */
  readonly gained: number;
}

export interface TrialCurves {
  readonly curves: readonly ThinnedCurve[];
  readonly error: string | undefined;
  readonly loading: boolean;
}

/** A known curve with what has come since; another attempt made steps again, so its curve takes the place of the old one. */
function grown(before: Grown, tail: ThinnedCurve): Grown {
  if (tail.attempt !== before.attempt) return { ...tail, gained: 0 };
  const last = before.step.at(-1) ?? -1;
  const from = tail.step.findIndex((s) => s > last);
  if (from < 0) return before;
  const gained = tail.step.length - from;
  return {
    ...before,
    total: before.total + gained,
    gained: before.gained + gained,
    step: [...before.step, ...tail.step.slice(from)],
    value: [...before.value, ...tail.value.slice(from)],
  };
}

const endOf = ({ trial, attempt, step }: ThinnedCurve) => ({ trial, attempt, step: step.at(-1) ?? -1 });

/** Curves of trials, which grow while they are computed: only what is new is asked for, also of a server that was started anew. */
export function useTrialCurves(
  study: string,
  trials: readonly TrialState[],
  quantity: CurveQuantity,
  range: readonly [number, number] | undefined,
): TrialCurves {
  const [curves, setCurves] = useState<readonly Grown[]>([]);
  const [error, setError] = useState<string>();
  const [loading, setLoading] = useState(true);
  const [thinnings, setThinnings] = useState(0);
  const now = useRef(curves);
  now.current = curves;
  const latest = useRef(trials);
  latest.current = trials;
  const ids = trials.map((t) => t.id).join(' ');
  const [from, to] = range ?? [];
  const whole = to === undefined;

  useEffect(() => {
    const stop = new AbortController();
    if (ids === '') {
      setCurves([]);
      setLoading(false);
      return;
    }
    const wanted = ids.split(' ');
    const points = Math.max(80, Math.min(1000, Math.floor(mostPoints / wanted.length)));
    const inRange = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    setLoading(true);
    ask('curves', { study, trials: wanted, quantity, points, ...inRange }, stop.signal)
      .then((found) => {
        setCurves(found.curves.map((curve) => ({ ...curve, gained: 0 })));
        setError(undefined);
        setLoading(false);
      })
      .catch((cause: unknown) => {
        if (stop.signal.aborted) return;
        setError(cause instanceof Failed ? cause.message : String(cause));
        setLoading(false);
      });
    return () => stop.abort();
  }, [study, ids, quantity, from, to, thinnings]);

  useEffect(() => {
    if (!whole) return;
    let [asking, over] = [false, false];
    const look = () => {
      if (asking || document.hidden) return;
      const states = new Map(latest.current.map((t) => [t.id, t]));
      const behind = now.current.filter((curve) => {
        const trial = states.get(curve.trial);
        return trial !== undefined && (trial.step > (curve.step.at(-1) ?? 0) || trial.attempt !== curve.attempt);
      });
      if (behind.length === 0) return;
      asking = true;
      ask('tails', { study, quantity, after: behind.map(endOf) })
        .then((found) => {
          if (over) return;
          const tails = new Map(found.curves.map((c) => [c.trial, c]));
          const next = now.current.map((c) => (tails.has(c.trial) ? grown(c, tails.get(c.trial)!) : c));
          setCurves(next);
          setError(undefined);
          if (next.some((c) => c.gained > mostGained)) setThinnings((n) => n + 1);
        })
        .catch(() => {
          // The connection says so, and the next look asks again.
        })
        .finally(() => {
          asking = false;
        });
    };
    const timer = setInterval(look, between);
    const forget = live.onRenewed(look);
    return () => {
      over = true;
      clearInterval(timer);
      forget();
    };
  }, [study, quantity, whole]);
  return { curves, error, loading };
}
