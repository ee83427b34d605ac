import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CurveQuantity, StudyOverview, ThinnedCurve, TrialState } from '../../schema/serve/index.ts';
import { databaseName } from '../../store/index.ts';
import { type MeasuredStudy, measuredInFolder } from '../../study/index.ts';
import { measuredRun } from './measured-run.ts';
import { type CurveRange, type KnownEnd, type OpenStudy, progressOf, versionOfFiles } from './study-view.ts';
import { thinned } from './thinned.ts';

/** Measurements that lie in files, read whole: an import, an export, a training run. */
export class FinishedStudy implements OpenStudy {
  readonly source = 'measured';
  readonly #files: readonly string[];
  readonly #study: MeasuredStudy;
  readonly #text: string | null;

  private constructor(files: readonly string[], study: MeasuredStudy, text: string | null) {
    this.#files = files;
    this.#study = study;
    this.#text = text;
  }

  static async open(folder: string): Promise<FinishedStudy> {
    const isRun = existsSync(join(folder, 'metrics.jsonl')) && existsSync(join(folder, 'config.json'));
    const names = isRun
      ? ['metrics.jsonl', 'result.json']
      : ['measured.json', 'measurements.csv', 'measurements.parquet'];
    const text = await readFile(join(folder, 'study.yaml'), 'utf8').catch(() => null);
    return new FinishedStudy(
      // With a database there it is another study from then on.
      [...names, databaseName].map((name) => join(folder, name)),
      isRun ? await measuredRun(folder, basename(folder)) : await measuredInFolder(folder),
      text,
    );
  }

  version(): Promise<string> {
    return versionOfFiles(this.#files);
  }

  overview(study: string): Omit<StudyOverview, 'cursor'> {
    const trials = this.#study.trials.map(
      ({ measurements, secondsPerStep: _, hardware: __, ...trial }): TrialState => ({
        ...trial,
        held: false,
        step: measurements.at(-1)?.step ?? 0,
        attempt: 1,
        note: null,
      }),
    );
    const { name } = this.#study;
    return {
      ...progressOf(study, name, trials, { paused: false, working: 0 }),
      ...{ source: this.source, text: this.#text, trials },
    };
  }

  curves(trials: readonly string[], quantity: CurveQuantity, { from, to, points }: CurveRange): ThinnedCurve[] {
    return trials.map((trial) => ({ trial, attempt: 1, ...thinned(this.#series(trial, quantity, from, to), points) }));
  }

  tails(known: readonly KnownEnd[], quantity: CurveQuantity): ThinnedCurve[] {
    return known.map(({ trial, step }) => ({
      trial,
      attempt: 1,
      ...thinned(this.#series(trial, quantity, step + Number.MIN_VALUE), Number.POSITIVE_INFINITY),
    }));
  }

  #series(id: string, quantity: CurveQuantity, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) {
    const rows = this.#study.trials.find((t) => t.id === id)?.measurements ?? [];
    const found = rows.filter((m) => m[quantity] !== null && m.step >= from && m.step <= to);
    return { step: Float64Array.from(found, (m) => m.step), value: Float64Array.from(found, (m) => m[quantity]!) };
  }

  close(): void {}
}
