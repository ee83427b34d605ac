/** Workers, trials and what they share, as a discrete-event simulation: what a queue of a thousand workers does before there is one. */

export interface Costs {
  /** Seconds of the server a trial: offer, claim, curve, end. */
  readonly server: number;
  /** Seconds of the coordinator a trial. */
  readonly coordinator: number;
  /** Seconds of a worker's own processor a trial, beside computing it. */
  readonly worker: number;
}

export interface Plan {
  readonly workers: number;
  readonly trials: number;
  /** Seconds of a trial: its mean, and the spread of its logarithm. */
  readonly mean: number;
  readonly spread: number;
  /** Failures of a worker an hour. */
  readonly failures: number;
  /** Seconds until a lost worker is missed. */
  readonly lease: number;
  /** Seconds between checkpoints. */
  readonly checkpoint: number;
  /** Whether all workers are one process, and so share its processor, with the coordinator too. */
  readonly oneProcess: boolean;
}

export interface Simulated {
  /** Share of the workers' time in trials that counted. */
  readonly utilisation: number;
  readonly seconds: number;
  /** Shares of the time that the server and the coordinator are busy. */
  readonly server: number;
  readonly coordinator: number;
  /** Trials begun again. */
  readonly again: number;
}

/** One that serves one after another. */
class Station {
  #free = 0;
  busy = 0;

  /** When work that comes at `at` and takes `seconds` is done. */
  serve(at: number, seconds: number): number {
    this.#free = Math.max(at, this.#free) + seconds;
    this.busy += seconds;
    return this.#free;
  }
}

/** Smallest first. */
class Heap {
  readonly #items: { at: number; run: (at: number) => void }[] = [];

  push(at: number, run: (at: number) => void): void {
    const items = this.#items;
    items.push({ at, run });
    for (let i = items.length - 1; i > 0; ) {
      const above = (i - 1) >> 1;
      if (items[above]!.at <= items[i]!.at) break;
      [items[above], items[i]] = [items[i]!, items[above]!];
      i = above;
    }
  }

  pop() {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (items.length > 0 && last) {
      items[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        if (left >= items.length) break;
        const least = left + 1 < items.length && items[left + 1]!.at < items[left]!.at ? left + 1 : left;
        if (items[i]!.at <= items[least]!.at) break;
        [items[i], items[least]] = [items[least]!, items[i]!];
        i = least;
      }
    }
    return first;
  }
}

export function simulate(costs: Costs, plan: Plan, seed = 1): Simulated {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const duration = () => plan.mean * Math.exp(plan.spread * normal() - plan.spread ** 2 / 2);
  const [server, coordinator, processor] = [new Station(), new Station(), new Station()];
  const events = new Heap();
  const waiting = Array.from({ length: plan.trials }, duration).sort((a, b) => a - b);
  const idle: ((at: number) => void)[] = [];
  let [useful, end, again, left] = [0, 0, 0, plan.trials];
  const own = (at: number, seconds: number) => (plan.oneProcess ? processor.serve(at, seconds) : at + seconds);
  const take = (at: number): void => {
    const seconds = waiting.pop();
    if (seconds === undefined) {
      if (left > 0) idle.push(take);
      return;
    }
    const begins = own(server.serve(at, costs.server / 2), costs.worker / 2);
    const fails = plan.failures > 0 ? (-Math.log(random()) * 3600) / plan.failures : Number.POSITIVE_INFINITY;
    if (fails < seconds) {
      again++;
      const saved = Math.floor(fails / plan.checkpoint) * plan.checkpoint;
      useful += saved;
      events.push(begins + fails + plan.lease, (now) => {
        waiting.push(seconds - saved);
        idle.pop()?.(now);
      });
      // Another worker takes its place a minute later.
      events.push(begins + fails + 60, take);
      return;
    }
    events.push(begins + seconds, (now) => {
      useful += seconds;
      const told = server.serve(own(now, costs.worker / 2), costs.server / 2);
      events.push(told, (at) => {
        end = Math.max(end, (plan.oneProcess ? processor : coordinator).serve(at, costs.coordinator));
        if (plan.oneProcess) coordinator.busy += costs.coordinator;
        left--;
        take(at);
      });
    });
  };
  for (let i = 0; i < plan.workers; i++) events.push(0, take);
  for (let event = events.pop(); event; event = events.pop()) event.run(event.at);
  return {
    utilisation: useful / (plan.workers * end),
    seconds: end,
    server: server.busy / end,
    coordinator: coordinator.busy / end,
    again,
  };
}
