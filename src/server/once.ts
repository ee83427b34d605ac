import { Refusal } from './http/refusal.ts';

/** Keys that are remembered, and for how long in milliseconds. */
const most = 10_000;
const remembered = 600_000;

interface Done {
  readonly asked: string;
  readonly answer: Promise<unknown>;
  readonly at: number;
}

/** Does an action once for each key: one that comes again, from the same page or another, is given what became of it. */
export class Once {
  readonly #done = new Map<string, Done>();

  /** Throws Refusal for a key that was used for something else. */
  do(key: string, asked: string, work: () => Promise<unknown>): Promise<unknown> {
    const now = Date.now();
    for (const [old, { at }] of this.#done) {
      if (now - at < remembered && this.#done.size < most) break;
      this.#done.delete(old);
    }
    const known = this.#done.get(key);
    if (known) {
      if (known.asked !== asked) throw new Refusal(409, 'the key was used for another request');
      return known.answer;
    }
    const answer = work();
    this.#done.set(key, { asked, answer, at: now });
    answer.catch(() => {
      // What failed may be tried again.
      this.#done.delete(key);
    });
    return answer;
  }
}
