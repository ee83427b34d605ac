/** Which networks a comparison is about: files that are named, or the checkpoints of a folder. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileError, InputError, reasonOf } from '../base/errors.ts';
import { type MetricsRecord, readBegunRun, readMetrics, readRunConfig } from '../train/index.ts';

/** One network to load. */
export interface ComparedFile {
  readonly name: string;
  readonly model: string;
  readonly weights: string | undefined;
  /** Of training, where the name of a checkpoint ends in a number. */
  readonly step: number | null;
  /** Of a run of ours, what its log says of the step before. */
  readonly trained: { readonly batchSize: number; readonly learningRate: number } | null;
}

export interface ComparedNames {
  readonly model?: string | undefined;
  readonly weights?: string | undefined;
  readonly checkpoints?: string | undefined;
  readonly names?: string | undefined;
}

/** A request about the checkpoints of a run with the data where that found them, unless it says where they are or asks for another data set. */
export async function withDataOfRun<
  R extends ComparedNames & {
    readonly dataset: string;
    readonly data?: string | undefined;
    readonly classNames?: string | undefined;
  },
>(request: R): Promise<R> {
  const run = request.checkpoints === undefined ? undefined : await readBegunRun(request.checkpoints);
  if (run?.config.dataset !== request.dataset) return request;
  const { data, classNames } = run.source;
  return { ...request, data: request.data ?? data, classNames: request.classNames ?? classNames };
}

const listed = (text: string | undefined) => text?.split(',').map((part) => part.trim()) ?? [];
const checkpointFile = /\.(safetensors|pth?|th|onnx)$/i;
const bare = (path: string) => basename(path).replace(checkpointFile, '');

/** The networks of a request, the baseline first. Throws InputError for lists that do not go together, FileError for a folder without checkpoints. */
export async function comparedFiles(request: ComparedNames): Promise<ComparedFile[]> {
  const { checkpoints } = request;
  const found = checkpoints === undefined ? namedFiles(request) : await filesIn(checkpoints, request);
  const names = listed(request.names);
  if (names.length > 0 && names.length !== found.length)
    throw new InputError('names', `expected ${found.length}, one a network, got ${names.length}`);
  const called = found.map((file, i) => ({ ...file, name: names[i] ?? file.name }));
  return called.map((file) =>
    called.filter((other) => other.name === file.name).length > 1
      ? { ...file, name: `${file.name} (${called.indexOf(file) + 1})` }
      : file,
  );
}

function namedFiles({ model, weights }: ComparedNames): ComparedFile[] {
  const [models, files] = [listed(model), listed(weights)];
  if (models.length === 0) throw new InputError('model', 'is missing: expected a built-in model or ONNX files');
  if (models.length > 1 && files.length > 1 && models.length !== files.length)
    throw new InputError(
      'weights',
      `expected one checkpoint a model or one model, got ${models.length} models and ${files.length} checkpoints`,
    );
  const count = Math.max(models.length, files.length);
  return Array.from({ length: count }, (_, i) => {
    const own = models[models.length === 1 ? 0 : i]!;
    const file = files[files.length === 1 ? 0 : i];
    const name = files.length > 1 ? bare(file!) : bare(own);
    return { name, model: own, weights: own.endsWith('.onnx') ? undefined : file, step: null, trained: null };
  });
}

/** Where the checkpoints of a folder lie: in `kept` of a run, else in the folder itself. */
async function filesIn(folder: string, { model, weights }: ComparedNames): Promise<ComparedFile[]> {
  if (weights !== undefined) throw new InputError('checkpoints', 'is given beside weights; expected one of the two');
  const run = await readRunConfig(folder);
  const kept = join(folder, 'kept');
  const isRun = run !== undefined && (await stat(kept).catch(() => undefined))?.isDirectory() === true;
  const place = isRun ? kept : folder;
  const names = await readdir(place).catch((cause: unknown) => {
    throw new FileError(place, `cannot be read (${reasonOf(cause)})`, { cause });
  });
  const files = names.filter((name) => checkpointFile.test(name) && !name.startsWith('.'));
  if (files.length === 0)
    throw new FileError(
      folder,
      run
        ? 'is a run that kept no checkpoints; expected one that was told to keep some'
        : 'has no checkpoints (.safetensors, .pt, .pth, .th, .onnx)',
    );
  const known = model ?? run?.model;
  const metrics = isRun ? await readMetrics(join(folder, 'metrics.jsonl')) : [];
  const ordered = files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return ordered.map((file) => {
    const onnx = file.endsWith('.onnx');
    if (!onnx && known === undefined)
      throw new InputError('model', `is missing: ${folder} does not say of which model its checkpoints are`);
    const path = join(place, file);
    const number = /(\d+)$/.exec(bare(file))?.[1];
    const step = number === undefined ? null : Number(number);
    return {
      name: bare(file),
      model: onnx ? path : known!,
      weights: onnx ? undefined : path,
      step,
      trained: step === null ? null : trainedAt(metrics, step),
    };
  });
}

/** By the first line of a log that covers the step; a checkpoint of the beginning has no step before it. */
function trainedAt(metrics: readonly MetricsRecord[], step: number): ComparedFile['trained'] {
  const line = step === 0 ? undefined : (metrics.find((m) => m.step >= step) ?? metrics.at(-1));
  return line ? { batchSize: line.batchSize, learningRate: line.lr } : null;
}
