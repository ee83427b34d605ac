import { useState } from 'preact/hooks';
import { Failed } from '../api/client.ts';

/** Does something, and says what was done or why not. */
export interface Actions {
  readonly said: string;
  readonly busy: boolean;
  readonly run: (work: () => Promise<string>) => void;
}

export function useActions(): Actions {
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const run = (work: () => Promise<string>) => {
    setBusy(true);
    work()
      .then(setSaid, (error: unknown) => setSaid(error instanceof Failed ? error.message : String(error)))
      .finally(() => setBusy(false));
  };
  return { said, busy, run };
}
