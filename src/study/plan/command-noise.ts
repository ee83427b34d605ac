import { UsageError } from '../../base/errors.ts';
import type { MeasurementRow } from '../../store/index.ts';
import type { ProbedStep } from '../../trials/index.ts';
import type { NoiseRecord } from './noise-record.ts';

/** Records that a critical batch size is estimated from, at least. */
const fewest = 16;

/**
 * What a run of a command says of the gradient: what the probe saw of its micro-batches or ranks; else the noise scales N that it logged itself, each for the steps since the one
 * before it. Of those only the ratio is known, which is all that a mean over progress needs: |G|² = 1 / (1 + N/B) and tr Σ = N |G|² for E|G_B|² = 1.
 *
 * @param batchSize Examples of a step.
 * Throws UsageError, which says what to do, where there are fewer than 16 such steps.
 */
export function commandNoise(
  { probed, rows }: { readonly probed: readonly ProbedStep[]; readonly rows: readonly MeasurementRow[] },
  batchSize: number,
): NoiseRecord[] {
  const seen = probed.flatMap(({ step, noise }, i) => {
    if (noise === null) return [];
    const { signal, trace, parts } = noise;
    // The probe has tr Σ of a part, which has B / parts examples; |G_B|² of the sum of them is signal + trace / parts.
    const square = signal + trace / parts;
    return [{ step, steps: step - (probed[i - 1]?.step ?? 0), signal, noise: (trace * batchSize) / parts, square }];
  });
  if (seen.length >= fewest) return seen;
  const logged = rows.filter((r) => r.noiseScale !== null && r.noiseScale >= 0);
  const records = logged.map(({ step, noiseScale }, i) => {
    const signal = 1 / (1 + noiseScale! / batchSize);
    return { step, steps: step - (logged[i - 1]?.step ?? 0), signal, noise: noiseScale! * signal, square: 1 };
  });
  if (records.length >= fewest) return records;
  const most = Math.max(seen.length, records.length);
  throw new UsageError(
    `the run told of the gradient's noise at ${most} steps, expected at least ${fewest}; ${
      most > 0
        ? 'use more steps, or log noise_scale more often'
        : 'the probe sees it in PyTorch where a step has two micro-batches or ranks: put ${microBatch} and ${accumulate} into the command, or log noise_scale'
    }`,
  );
}
