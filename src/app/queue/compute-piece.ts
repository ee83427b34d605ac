/** Pieces of measurements, computed by whoever took them. */
import { join } from 'node:path';
import { BallastError, FileError, UsageError } from '../../base/errors.ts';
import { makeFolder, pathBelow, quote } from '../../formats/index.ts';
import { type Control, measurementNamed } from '../../instrument/index.ts';
import type { ComputePiece } from '../../queue/index.ts';
import { checkRequest, fileKeys, firstProblem, type PieceSpec } from '../../schema/index.ts';
import { isRead } from './piece-files.ts';

/** Below the folder of a piece, what it leaves. */
export const partsFolder = 'parts';

/** Milliseconds between looks whether the piece is still ours. */
const renewal = 5000;

/** The request of a piece with the paths of this machine. Throws UsageError for one that names files which did not come with it. */
export function requestHere({ request, files, folders, command, filesAt, dir }: PieceSpec): Record<string, unknown> {
  for (const key of ['data', 'checkpoints', 'download'])
    if (request[key] !== undefined) throw new UsageError(`${key}: a piece names no folder of this machine`);
  const found: Record<string, unknown> = { ...request, ...(dir === undefined ? {} : { data: dir }) };
  for (const key of fileKeys) {
    const value = request[key];
    if (typeof value !== 'string') continue;
    if (files.includes(key)) {
      const [folder, ...names] = value.split('/');
      if (filesAt === undefined || !folders.includes(folder!))
        throw new UsageError(`${key}: ${quote(value)} did not come with the piece`);
      found[key] = pathBelow(filesAt, folder!, ...names);
    } else if (isRead[key](value) && !(key === 'source' && command))
      throw new UsageError(`${key}: ${quote(value)} is a file that did not come with the piece`);
  }
  return found;
}

/** Computes a piece into the folder of its attempt. What is wrong with the piece is no matter of others: throws BallastError for it, and FileError for its own folder alone. */
export const computePiece: ComputePiece = async (request, spec) => {
  const { trial, runtime, hardware, signal } = request;
  const parts = join(trial.folder, partsFolder);
  const began = performance.now();
  trial.begin(0);
  await makeFolder(parts);
  let renewed = performance.now();
  try {
    await import('../measurements/index.ts');
    const { kind, pieces } = measurementNamed(spec.measurement);
    if (pieces === undefined) throw new UsageError(`${spec.measurement} is not computed in pieces`);
    const here = requestHere(spec);
    const asked = checkRequest(kind.request, {
      ...here,
      ...('threads' in kind.request.shape && runtime.threads !== undefined ? { threads: runtime.threads } : {}),
    });
    const piece = pieces.form.safeParse(spec.piece);
    if (!piece.success) throw new UsageError(`a piece of ${spec.measurement}: ${firstProblem(piece.error)}`);
    const control: Control = {
      ...{ signal, parts, commands: spec.command },
      ...(spec.given === null || spec.filesAt === undefined ? {} : { given: pathBelow(spec.filesAt, spec.given) }),
      onProgress: () => {
        if (performance.now() - renewed < renewal) return;
        renewed = performance.now();
        // Throws where another attempt owns it.
        trial.renew(0);
      },
    };
    await pieces.compute(asked, piece.data, control);
  } catch (error) {
    if (signal.aborted) {
      trial.end({ status: 'queued', step: null });
      return { status: 'interrupted', note: undefined };
    }
    // The disk of this machine concerns everything that it computes; a network that cannot be read does not.
    if (error instanceof FileError && !error.path.startsWith(trial.folder))
      throw new BallastError(error.message, { cause: error });
    throw error;
  }
  trial.end({ status: 'complete', step: 1, hardware, secondsPerStep: (performance.now() - began) / 1000 });
  return { status: 'complete', note: undefined };
};
