import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MeasurementRow } from '../../store/index.ts';
import { logFormats } from '../readers/index.ts';

/** Folder of the probe, which Python imports by itself where it stands on its path: `python/sitecustomize.py` of the package. */
const probeFolder = fileURLToPath(new URL('../../../python', import.meta.url));

/** The environment of a program with the probe in it; nothing of its own is lost. */
export const withProbe = (env: NodeJS.ProcessEnv, path: string): NodeJS.ProcessEnv => ({
  ...env,
  PYTHONPATH: env.PYTHONPATH ? `${probeFolder}${delimiter}${env.PYTHONPATH}` : probeFolder,
  BALLAST_PROBE: path,
});

/** Where the probe of a trial's last run wrote; beside the program's own folder. */
export const probePathIn = (folder: string): string => join(folder, 'probe.jsonl');

const jsonLines = () => logFormats.find((f) => f.name === 'json-lines')!;

/** A line of the probe. */
export interface ProbedStep {
  /** Counted from the start of the program, from 1 on. */
  readonly step: number;
  readonly secondsPerStep: number | null;
  /** |G|² and tr Σ of one of `parts` equal parts of a batch, unbiased; null where the step had one part only. */
  readonly noise: { readonly signal: number; readonly trace: number; readonly parts: number } | null;
}

/** All that the probe wrote in a trial's last run; nothing where it found no PyTorch. */
export async function probedSteps(folder: string): Promise<ProbedStep[]> {
  const steps: ProbedStep[] = [];
  await jsonLines()
    .open(probePathIn(folder))
    .read(
      {
        record: ({ values }) => {
          const of = (name: string) => finite(values.get(name));
          const [step, signal, trace] = [of('step'), of('noise_signal'), of('noise_trace')];
          const parts = of('micro_batches') ?? of('ranks');
          if (step === null) return;
          const noise = signal === null || trace === null || parts === null ? null : { signal, trace, parts };
          steps.push({ step, secondsPerStep: of('seconds_per_step'), noise });
        },
      },
      { ended: true },
    );
  return steps;
}

interface Seen {
  readonly step: number;
  readonly gradNorm: number | null;
  readonly noiseScale: number | null;
}

const finite = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** What the probe writes while the program runs, and the rows of the curve that it tells something of. */
export class ProbeLog {
  readonly #reader;
  readonly #offset: number;
  #seen: Seen[] = [];

  /** @param offset Steps that the training had made when the program was started: the probe counts from there. */
  constructor(path: string, offset: number) {
    this.#reader = jsonLines().open(path);
    this.#offset = offset;
  }

  async read(): Promise<void> {
    await this.#reader.read({
      record: ({ values }) => {
        const step = finite(values.get('step'));
        if (step === null) return;
        this.#seen.push({
          step: this.#offset + step,
          gradNorm: finite(values.get('grad_norm')),
          noiseScale: finite(values.get('noise_scale')),
        });
      },
    });
  }

  /** A row with what was seen last by its step, where the program itself did not log it. Rows come in the order of steps. */
  filled(row: MeasurementRow): MeasurementRow {
    const at = this.#seen.findLastIndex((s) => s.step <= row.step);
    if (at < 0) return row;
    this.#seen = this.#seen.slice(at);
    const { gradNorm, noiseScale } = this.#seen[0]!;
    return { ...row, gradNorm: row.gradNorm ?? gradNorm, noiseScale: row.noiseScale ?? noiseScale };
  }
}
