import { zipStored } from '../../src/formats/index.ts';

/** Pieces of pickles, written by hand so that tests can make files that `torch.save` never would. */
const latin1 = (text: string) => Buffer.from(text, 'latin1');

const uint = (value: number, bytes: 4 | 8): Buffer => {
  const out = Buffer.alloc(bytes);
  if (bytes === 4) out.writeUInt32LE(value);
  else out.writeBigUInt64LE(BigInt(value));
  return out;
};

export const pickle = {
  program: (...parts: Uint8Array[]) => Buffer.concat([latin1('\x80\x02'), ...parts, latin1('.')]),
  raw: latin1,
  none: latin1('N'),
  text: (value: string) => Buffer.concat([latin1('X'), uint(Buffer.byteLength(value), 4), Buffer.from(value)]),
  /** A whole number of up to 56 bits. */
  int: (value: number) => Buffer.concat([latin1('\x8a\x08'), uint(value, 8)]),
  float: (value: number) => {
    const out = Buffer.alloc(9, 'G');
    out.writeDoubleBE(value, 1);
    return out;
  },
  tuple: (...items: Uint8Array[]) => Buffer.concat([latin1('('), ...items, latin1('t')]),
  list: (...items: Uint8Array[]) => Buffer.concat([latin1(']('), ...items, latin1('e')]),
  dict: (entries: Readonly<Record<string, Uint8Array>>) =>
    Buffer.concat([
      latin1('}('),
      ...Object.entries(entries).flatMap(([key, value]) => [pickle.text(key), value]),
      latin1('u'),
    ]),
  global: (module: string, name: string) => latin1(`c${module}\n${name}\n`),
  stackGlobal: (module: string, name: string) =>
    Buffer.concat([pickle.text(module), pickle.text(name), latin1('\x93')]),
  call: (callee: Uint8Array, ...args: Uint8Array[]) => Buffer.concat([callee, pickle.tuple(...args), latin1('R')]),
};

export interface TensorText {
  readonly key: string;
  /** Elements of the storage. */
  readonly count: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset?: number;
  /** `FloatStorage` unless told. */
  readonly storage?: string;
  /** Writes the longer id of legacy files. */
  readonly legacy?: boolean;
}

/** What `torch.save` writes for one tensor. */
export function tensorText(t: TensorText): Buffer {
  const ints = (values: readonly number[]) => pickle.tuple(...values.map(pickle.int));
  const id = pickle.tuple(
    pickle.text('storage'),
    pickle.global('torch', t.storage ?? 'FloatStorage'),
    pickle.text(t.key),
    pickle.text('cuda:0'),
    pickle.int(t.count),
    ...(t.legacy ? [pickle.none] : []),
  );
  return pickle.call(
    pickle.global('torch._utils', '_rebuild_tensor_v2'),
    Buffer.concat([id, pickle.raw('Q')]),
    pickle.int(t.offset ?? 0),
    ints(t.shape),
    ints(t.strides),
    pickle.raw('\x89'),
    pickle.call(pickle.global('collections', 'OrderedDict')),
  );
}

/** A checkpoint as PyTorch 1.6 and later write it. */
export function zipCheckpoint(program: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): Buffer {
  const files = [
    { name: 'archive/data.pkl', bytes: program },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes })),
    { name: 'archive/version', bytes: Buffer.from('3\n') },
  ];
  return Buffer.concat([...zipStored(files)]);
}

/** A checkpoint as PyTorch wrote it before 1.6; `storages` are float32. */
export function legacyCheckpoint(program: Uint8Array, storages: Readonly<Record<string, Float32Array>> = {}): Buffer {
  const contents = Object.values(storages).flatMap((data) => [
    uint(data.length, 8),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
  return Buffer.concat([
    pickle.program(pickle.raw('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19')),
    pickle.program(pickle.raw('M\xe9\x03')),
    pickle.program(pickle.dict({ little_endian: pickle.raw('\x88') })),
    program,
    pickle.program(pickle.list(...Object.keys(storages).map(pickle.text))),
    ...contents,
  ]);
}
