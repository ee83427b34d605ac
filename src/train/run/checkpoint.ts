import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BallastError, FileError } from '../../base/errors.ts';
import { makeFolder, readSafetensors, writeSafetensors } from '../../formats/index.ts';
import type { TensorData } from '../../onnx/index.ts';

/** Where a run stands, apart from its tensors. Everything random is keyed by the step, so this is all. */
const progressSchema = z.object({
  step: z.int().nonnegative(),
  /** Time in steps so far, evaluation and checkpoints left out. */
  seconds: z.number().nonnegative(),
  /** Losses since the last line of the metrics. */
  pending: z.object({
    count: z.int().nonnegative(),
    loss: z.number(),
    gradSquare: z.number(),
    microSquare: z.number().optional(),
  }),
  /** Moving averages of the gradient noise scale's two terms. */
  noise: z.object({ signal: z.number(), noise: z.number(), weight: z.number() }),
  /** SHA-256 of the configuration that the run was made with. */
  config: z.string(),
});

export type RunProgress = z.infer<typeof progressSchema>;

export interface Checkpoint {
  readonly progress: RunProgress;
  readonly tensors: ReadonlyMap<string, TensorData>;
}

const pattern = /^step-(\d{9})\.safetensors$/;
/** `step-000000100.safetensors`. */
export const checkpointName = (step: number) => `step-${String(step).padStart(9, '0')}.safetensors`;

/**
 * The checkpoints of a run: one file each, safetensors with the progress as JSON in its metadata, so that tensors and progress
 * can never be of different steps. Files are written whole or not at all, and the oldest are removed beyond `keep`.
 */
export class CheckpointFolder {
  readonly path: string;
  readonly #keep: number;

  constructor(path: string, keep = 2) {
    this.path = path;
    this.#keep = keep;
  }

  /** Steps of which there is a checkpoint, newest first. */
  async steps(): Promise<number[]> {
    const names = await readdir(this.path).catch(() => [] as string[]);
    return names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  }

  /** The checkpoint of a step. Throws FileError where there is none, or one that is damaged. */
  at(step: number): Promise<Checkpoint> {
    return readCheckpoint(join(this.path, checkpointName(step)));
  }

  /** `metadata`: what the weights among the tensors are, as beside finished ones. */
  async save({ progress, tensors }: Checkpoint, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    await makeFolder(this.path);
    await writeSafetensors(join(this.path, checkpointName(progress.step)), tensors as Map<string, TensorData>, {
      ...metadata,
      progress: JSON.stringify(progress),
    });
    await this.prune();
  }

  /** Removes the oldest beyond `keep`. */
  async prune(): Promise<void> {
    for (const step of (await this.steps()).slice(this.#keep)) await unlink(join(this.path, checkpointName(step)));
  }

  /**
   * The newest checkpoint that is whole; undefined when there is none at all. `onDamaged` hears of each newer one that is not.
   * Throws FileError when all are damaged.
   */
  async newest(onDamaged: (problem: string) => void): Promise<Checkpoint | undefined> {
    const steps = await this.steps();
    for (const step of steps) {
      const path = join(this.path, checkpointName(step));
      try {
        return await readCheckpoint(path);
      } catch (error) {
        if (!(error instanceof BallastError)) throw error;
        onDamaged(error.message);
      }
    }
    if (steps.length > 0)
      throw new FileError(this.path, 'none of the checkpoints can be read; begin again in another folder');
    return undefined;
  }
}

async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  let json: unknown;
  try {
    json = JSON.parse(metadata.progress ?? '');
  } catch {
    throw new FileError(path, 'is no checkpoint of a training run: expected "progress" in its metadata');
  }
  const progress = progressSchema.safeParse(json);
  if (!progress.success) throw new FileError(path, `has damaged progress: ${progress.error.issues[0]?.message}`);
  return { progress: progress.data, tensors };
}
