import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { AskedOf, OperationName, ResponseOf } from '../../schema/serve/index.ts';
import { ask, Failed } from './client.ts';
import { live } from './live.ts';

export interface Query<T> {
  /** The last answer; it stays while a new one is on its way. */
  readonly value: T | undefined;
  /** Whether it is the answer to what is asked now, and not to what was asked before. */
  readonly fresh: boolean;
  readonly error: Failed | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** Asks when the request changes, when it is told to, and when another server answers than before. Null asks nothing. */
export function useQuery<Name extends OperationName>(
  name: Name,
  request: AskedOf<Name> | null,
): Query<ResponseOf<Name>> {
  const key = request === null ? null : JSON.stringify(request);
  const [count, setCount] = useState(0);
  const [answer, setAnswer] = useState<{ key: string | null; value?: ResponseOf<Name>; error?: Failed }>({ key: null });
  const [loading, setLoading] = useState(request !== null);
  const asked = useRef(0);
  const reload = useCallback(() => setCount((n) => n + 1), []);
  useEffect(() => live.onRenewed(reload), [reload]);
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    const mine = ++asked.current;
    setLoading(true);
    ask(name, JSON.parse(key) as AskedOf<Name>, stop.signal)
      .then(
        (value) => setAnswer({ key, value }),
        (error: unknown) => {
          if (stop.signal.aborted) return;
          const failed = error instanceof Failed ? error : new Failed(500, String(error));
          setAnswer((before) => ({ ...(before.key === key ? before : {}), key, error: failed }));
        },
      )
      .finally(() => {
        if (mine === asked.current && !stop.signal.aborted) setLoading(false);
      });
    return () => stop.abort();
  }, [name, key, count]);
  return {
    value: answer.key === key || answer.error === undefined ? answer.value : undefined,
    fresh: answer.key === key && answer.error === undefined,
    error: answer.key === key ? answer.error : undefined,
    loading,
    reload,
  };
}
