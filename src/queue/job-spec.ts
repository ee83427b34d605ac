import { UsageError } from '../base/errors.ts';
import { firstProblem, type PieceSpec, pieceSpecSchema } from '../schema/index.ts';
import { type TrialSpec, trialSpecOf } from '../study/index.ts';

/** What is handed out: a trial of a study, or a piece of a measurement. */
export type JobSpec = TrialSpec | PieceSpec;

/** The settings of a job, JSON, checked. `from`: where they come from, for messages. Throws FileError and UsageError for settings that are none. */
export function jobSpecOf(text: string, from: string): JobSpec {
  return pieceSpecOf(text) ?? trialSpecOf(text, from);
}

/** The settings of a piece of a measurement, checked; undefined for those of something else. Throws UsageError for settings of a piece that are not valid. */
export function pieceSpecOf(text: string): PieceSpec | undefined {
  // Of thousands of trials none is one.
  if (!text.includes('"piece"')) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if ((json as { kind?: unknown } | null)?.kind !== 'piece') return undefined;
  const parsed = pieceSpecSchema.safeParse(json);
  if (!parsed.success) throw new UsageError(`settings of a piece: ${firstProblem(parsed.error)}`);
  return parsed.data;
}
