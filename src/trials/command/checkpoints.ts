import { basename, relative, sep } from 'node:path';
import { type FoundFile, filesBelow, patternOf } from './found-files.ts';

/** Names that programs give to what they go on from: files of PyTorch, Lightning, JAX and others, and the folders of Hugging Face's Trainer. */
const usualFile =
  /\.(?:pt|pth|ckpt|safetensors|tar|bin|pkl|npz|msgpack|orbax|h5|keras)$|^(?:last|latest)?[_-]?checkpoint[^/]*\.json$/i;
const trainerFolder = /^checkpoint-\d+$/;
/** Beside a checkpoint, not one. */
const partOfOne =
  /^(?:optimizer|scheduler|rng_state\w*|training_args|scaler|model|pytorch_model|adapter_model|model-\d+-of-\d+)\.(?:pt|pth|bin|safetensors)$/i;

/**
 * Checkpoints in a trial's folder, the newest first: files that the pattern (below the folder) names; without one, folders `checkpoint-N` that a Trainer has finished
 * (`trainer_state.json` is what it writes last), else files of the usual names.
 */
export async function findCheckpoints(folder: string, pattern: string | null): Promise<string[]> {
  const all = await filesBelow(folder, { folders: true });
  const newest = (files: readonly FoundFile[]) =>
    [...files].sort((a, b) => b.changed - a.changed || (a.path < b.path ? 1 : -1)).map((f) => f.path);
  if (pattern !== null) {
    const expression = patternOf(pattern);
    return newest(all.filter((f) => expression.test(relative(folder, f.path).split(sep).join('/'))));
  }
  const paths = new Set(all.map((f) => f.path));
  const folders = all.filter(
    (f) => f.isFolder && trainerFolder.test(basename(f.path)) && paths.has(`${f.path}${sep}trainer_state.json`),
  );
  if (folders.length > 0) {
    const step = (path: string) => Number(/\d+$/.exec(path)![0]);
    return folders.map((f) => f.path).sort((a, b) => step(b) - step(a));
  }
  return newest(
    all.filter(
      (f) => !f.isFolder && f.bytes > 0 && usualFile.test(basename(f.path)) && !partOfOne.test(basename(f.path)),
    ),
  );
}
