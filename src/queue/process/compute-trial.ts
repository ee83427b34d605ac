import { BallastError, FileError } from '../../base/errors.ts';
import { makeFolder, owningFolder } from '../../formats/index.ts';
import type { PieceSpec } from '../../schema/index.ts';
import { ClaimLost } from '../../store/index.ts';
import { runTrial, type TrialOutcome, type TrialRequest } from '../../study/index.ts';
import type { HeldTrial } from '../driver.ts';
import { pieceSpecOf } from '../job-spec.ts';
import type { ProcessReport } from './trial-process-messages.ts';

/** Computes a piece of a measurement that was taken, and ends its claim. */
export type ComputePiece = (request: TrialRequest, spec: PieceSpec) => Promise<TrialOutcome>;

/**
 * Computes a trial that was taken, and ends its claim whatever comes of it. Undefined where the claim was lost. Throws FileError, with the trial given back, for what is wrong with the disk or
 * the data folder and so for all trials; what cannot be combined is wrong for this one alone.
 */
export async function computeTrial(
  request: Omit<TrialRequest, 'trial'> & {
    readonly trial: HeldTrial;
    /** Keep everybody else of this machine out of its folder. */
    readonly owning: boolean;
    /** For pieces of measurements; where it is absent these fail. */
    readonly computePiece?: ComputePiece | undefined;
  },
): Promise<Extract<ProcessReport, { kind: 'ended' }> | undefined> {
  const { trial } = request;
  const { id, folder, attempt } = trial;
  try {
    await makeFolder(folder);
    const run = () => {
      const piece = pieceSpecOf(trial.spec);
      if (piece === undefined) return runTrial(request);
      if (request.computePiece === undefined) throw new BallastError('pieces of measurements are for workers');
      return request.computePiece(request, piece);
    };
    const { status, note } = await (request.owning
      ? owningFolder(folder, { doing: `attempt ${attempt} of a trial` }, run)
      : run());
    await trial.settled();
    const ended = { kind: 'ended', id, status: status === 'interrupted' ? 'queued' : status } as const;
    return note === undefined ? ended : { ...ended, note };
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    if (error instanceof ClaimLost) return undefined;
    const alone = !(error instanceof FileError);
    try {
      trial.end({ status: alone ? 'failed' : 'queued', step: null, note: error.message });
      await trial.settled();
    } catch (lost) {
      if (!(lost instanceof ClaimLost)) throw lost;
      return undefined;
    }
    if (!alone) throw error;
    return { kind: 'ended', id, status: 'failed', note: error.message };
  }
}
