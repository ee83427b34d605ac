import { jsonCache, type ResultCache } from '../../formats/index.ts';
import { type Part, partForms } from '../../schema/index.ts';

/** Seconds of each part of a plan. */
type Spent = Record<keyof Part<'spentTime'>, number>;

/** Wall-clock time that a plan has cost, over all the processes that worked on it: one that is killed takes its last part with it. */
export class SpentTime {
  readonly seconds: Spent;
  readonly #cache: ResultCache<Spent>;

  private constructor(cache: ResultCache<Spent>, seconds: Spent) {
    this.#cache = cache;
    this.seconds = seconds;
  }

  static async open(folder: string, resume: boolean): Promise<SpentTime> {
    const cache = jsonCache<Spent>(folder, ['time that the plan has cost'], partForms.spentTime);
    return new SpentTime(cache, (resume ? await cache.read('spent-time') : undefined) ?? { run: 0, timing: 0 });
  }

  /** Counts what `work` takes, also when it fails. */
  async on<T>(part: keyof Spent, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.seconds[part] += (performance.now() - began) / 1000;
      await this.#cache.write('spent-time', this.seconds);
    }
  }
}
