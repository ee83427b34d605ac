import type { FuzzFormat } from '../format.ts';

/** Where the formats are; a process loads only what it reads with. */
const rooms: Readonly<
  Record<
    string,
    { readonly names: readonly string[]; readonly load: () => Promise<{ readonly formats: readonly FuzzFormat[] }> }
  >
> = {
  weights: {
    names: ['torch', 'safetensors', 'npy', 'npz', 'zip', 'mat', 'idx', 'numpy-pickle', 'checkpoint'],
    load: () => import('./weights.ts'),
  },
  pictures: { names: ['png', 'jpeg'], load: () => import('./pictures.ts') },
  datasets: {
    names: ['tar', 'folder', 'camvid', 'cifar', 'mnist', 'svhn', 'text', 'classes', 'tokenizer'],
    load: () => import('./datasets.ts'),
  },
  models: { names: ['onnx', 'onnx-network'], load: () => import('./models.ts') },
  logs: {
    names: [
      'csv',
      'json-lines',
      'printed-lines',
      'trainer-state',
      'tensorboard',
      'wandb',
      'mlflow',
      'mapping',
      'log-folder',
    ],
    load: () => import('./logs.ts'),
  },
  studies: {
    names: ['yaml', 'sqlite', 'sealed-json', 'measured', 'cache', 'config', 'linear-errors', 'request', 'metrics'],
    load: () => import('./studies.ts'),
  },
};

export const formatNames: readonly string[] = Object.values(rooms).flatMap(({ names }) => names);

/** Formats that were asked for, so that each is made once. */
const known = new Map<string, FuzzFormat>();

/** Throws Error for a name that is none. */
export async function formatNamed(name: string): Promise<FuzzFormat> {
  const found = known.get(name);
  if (found) return found;
  const room = Object.values(rooms).find(({ names }) => names.includes(name));
  const format = (await room?.load())?.formats.find((f) => f.name === name);
  if (!format) throw new Error(`no format is called ${name}; expected ${formatNames.join(', ')}`);
  known.set(name, format);
  return format;
}
