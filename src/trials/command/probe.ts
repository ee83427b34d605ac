import { delimiter } from 'node:path';
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
    this.#reader = logFormats.find((f) => f.name === 'json-lines')!.open(path);
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
