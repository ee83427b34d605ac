import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderBrowser } from '../../app/browse/index.ts';
import type { TrialState } from '../../schema/serve/index.ts';
import type { ServedFolder } from '../served-folder.ts';
import type { FromDesk } from './messages.ts';
import type { OpenStudies } from './open-studies.ts';

/** Milliseconds between looks at the studies, and at the folder. */
const atStudies = 500;
const atFolder = 2500;
/** Before the first look: whoever begins to watch asks for something too, which comes first. */
const untilFirst = 250;

interface Known {
  version: string;
  progress: string;
  readonly trials: Map<string, string>;
}

/** Looks again and again at what changes in the folder, while anybody wants to know, and tells of what did. */
export class Watch {
  readonly #folder: ServedFolder;
  readonly #studies: OpenStudies;
  readonly #tell: (message: FromDesk) => void;
  readonly #browser: FolderBrowser;
  readonly #known = new Map<string, Known>();
  #paths: readonly string[] = [];
  #listed = '';
  #looked = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: ServedFolder, studies: OpenStudies, tell: (message: FromDesk) => void) {
    this.#folder = folder;
    this.#studies = studies;
    this.#tell = tell;
    this.#browser = new FolderBrowser(folder.root);
  }

  set on(value: boolean) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (value) this.#again(untilFirst);
  }

  #again(after: number): void {
    const timer = setTimeout(async () => {
      await this.#look().catch(() => {
        // It will be there at the next look, or its path is listed as one that cannot be read.
      });
      if (this.#timer === timer) this.#again(atStudies);
    }, after);
    this.#timer = timer;
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#looked > atFolder || this.#looked === 0) {
      this.#looked = performance.now();
      await this.#lookAtFolder();
    }
    for (const path of this.#paths)
      await this.#lookAtStudy(path).catch(() => {
        // Whoever opens it is told why it cannot be read.
      });
  }

  async #lookAtFolder(): Promise<void> {
    const { entries } = await this.#browser.contents();
    // What lies in a study that is computed changes all the time, and is told of study by study.
    const listed = JSON.stringify(entries.map((e) => [e.path, e.kind, e.kind === 'study' ? 0 : e.changed]));
    if (listed === this.#listed) return;
    const first = this.#listed === '';
    this.#listed = listed;
    const studies = entries.filter((e) => e.kind === 'study' || e.kind === 'run');
    this.#paths = studies.map((e) => e.path);
    const known = new Set(this.#paths);
    for (const path of this.#known.keys()) if (!known.has(path)) this.#known.delete(path);
    this.#tell({ folder: first ? Math.max(0, ...entries.map((e) => e.changed)) : Date.now() });
  }

  async #lookAtStudy(path: string): Promise<void> {
    const found = this.#known.get(path);
    // Two looks at the files are cheaper than opening what nobody looks at and nothing has changed in.
    const written = await lastWritten(await this.#folder.studyPlace(path));
    if (found && found.version === written) return;
    const study = await this.#studies.of(path);
    const { trials, text: _, source: __, ...progress } = study.overview(path);
    const known: Known = found ?? { version: '', progress: '', trials: new Map() };
    known.version = written;
    const changed = trials.filter((trial) => {
      const now = fingerprint(trial);
      const differs = known.trials.get(trial.id) !== now;
      if (differs) known.trials.set(trial.id, now);
      return differs;
    });
    const said = JSON.stringify(progress);
    const since = found ? null : Number(written.split(' ')[0]);
    this.#known.set(path, known);
    if (changed.length > 0 || said !== known.progress)
      this.#tell({ changed: { study: path, progress, trials: changed, since } });
    known.progress = said;
  }
}

const fingerprint = ({ status, held, step, budgetSteps, attempt, note }: TrialState) =>
  `${status} ${held} ${step} ${budgetSteps} ${attempt} ${note}`;

/** When the data of a study were written last, in milliseconds since 1970, and all sizes. */
async function lastWritten(folder: string): Promise<string> {
  const names = [
    'study.sqlite',
    'study.sqlite-wal',
    'measured.json',
    'measurements.csv',
    'measurements.parquet',
    'metrics.jsonl',
  ];
  const found = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  const files = found.filter((s) => s !== undefined);
  return `${Math.max(0, ...files.map((s) => s.mtimeMs))} ${files.map((s) => `${s.mtimeMs}-${s.size}`).join(' ')}`;
}
