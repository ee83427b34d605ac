import { jsonCache, type ResultCache } from '../../formats/index.ts';

type Part = 'run' | 'timing';

/** Wall-clock time that a plan has cost, over all the processes that worked on it: one that is killed takes its last part with it. */
export class SpentTime {
  readonly seconds: Record<Part, number>;
  readonly #cache: ResultCache<Record<Part, number>>;

  private constructor(cache: ResultCache<Record<Part, number>>, seconds: Record<Part, number>) {
    this.#cache = cache;
    this.seconds = seconds;
  }

  static async open(folder: string, resume: boolean): Promise<SpentTime> {
    const cache = jsonCache<Record<Part, number>>(folder, ['time that the plan has cost']);
    return new SpentTime(cache, (resume ? await cache.read('spent-time') : undefined) ?? { run: 0, timing: 0 });
  }

  /** Counts what `work` takes, also when it fails. */
  async on<T>(part: Part, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.seconds[part] += (performance.now() - began) / 1000;
      await this.#cache.write('spent-time', this.seconds);
    }
  }
}
