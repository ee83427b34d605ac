/** Data sets in their folders and archives. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import type { RandomStream } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/tensor.ts';
import { loadDataset, loadText, readClassNames } from '../../src/data/index.ts';
import { tokenize } from '../../src/data/sets/tokenizer.ts';
import { readTarFiles } from '../../src/formats/index.ts';
import { mutated } from '../../test/support/mutations.ts';
import { ofPython2 } from '../../test/support/python2-pickle.ts';
import { matFile, tarFile } from '../../test/support/whole-files.ts';
import { changedJson, changedText } from '../changes.ts';
import { changeFiles, type Files, type FuzzFormat, oneFile, only, type Place, pick } from '../format.ts';

const load =
  (name: string, file = '') =>
  async (files: Files, place: Place) => {
    const data = await loadDataset({ name, dir: place.put(files, file), split: 'test' });
    assert.equal(data.pixels.length, data.count * sizeOf(data.shape));
    if (data.classes.length && !data.masks) assert.equal(data.labels.length, data.count);
    for (const label of data.labels) assert.ok(label < data.classes.length);
    if (data.masks) assert.equal(3 * data.masks.length, data.pixels.length);
  };

const frame = (grey: boolean, value: number) => {
  const image = new PNG({ width: 4, height: 3 });
  image.data.forEach((_, i) => {
    image.data[i] = i % 4 === 3 ? 255 : value + (grey ? 0 : i % 4);
  });
  return PNG.sync.write(image, grey ? { colorType: 0 } : {});
};

const folder: FuzzFormat = {
  name: 'folder',
  cost: 4,
  whole: async () => [
    { 'cat/1.png': frame(false, 3), 'cat/2.png': frame(false, 9), 'dog/1.png': frame(true, 7) },
    { 'train/a/1.png': frame(false, 1), 'train/b/1.png': frame(false, 2), 'test/a/2.png': frame(false, 3) },
  ],
  read: load('folder'),
};

const camvidFiles = {
  'test.txt': Buffer.from('b.png\na\n'),
  'test/a.png': frame(false, 1),
  'test/b.png': frame(false, 2),
  'testannot/a.png': frame(true, 11),
  'testannot/b.png': frame(true, 10),
};
const inTar = (files: Files) => tarFile(Object.fromEntries(Object.entries(files).map(([n, b]) => [`camvid/${n}`, b])));
let packed: Buffer | undefined;
const camvid: FuzzFormat = {
  name: 'camvid',
  cost: 5,
  whole: async () => {
    packed = await inTar(camvidFiles);
    return [camvidFiles, { 'camvid.tar.gz': gzipSync(packed) }];
  },
  change: (files, stream) => {
    if (files['camvid.tar.gz'])
      return {
        'camvid.tar.gz': stream.integer(3) ? gzipSync(changedTar(packed!, stream)) : mutated(only(files), stream),
      };
    return changeFiles(files, stream, (bytes, name) => (name === 'test.txt' ? changedText : mutated)(bytes, stream));
  },
  read: load('camvid'),
};

/** A header field of a tar archive changed, its checksum made anew; or any bytes. */
function changedTar(tar: Uint8Array, stream: RandomStream): Uint8Array {
  if (stream.integer(3) === 0) return mutated(tar, stream);
  const out = Buffer.from(tar);
  const headers = Array.from({ length: Math.floor(out.length / 512) }, (_, i) => 512 * i).filter(
    (at) => out.toString('latin1', at + 257, at + 262) === 'ustar',
  );
  for (let i = stream.integer(3); i >= 0; i--) {
    const at = pick(headers, stream);
    const [from, length] = pick(
      [
        [0, 100],
        [124, 12],
        [136, 12],
        [156, 1],
        [157, 100],
        [345, 155],
      ] as const,
      stream,
    );
    const text = pick(
      [
        '77777777777',
        '00000000000',
        '-1',
        '\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff',
        '../../x',
        'x',
        'L',
        'K',
        '5',
        '2',
        '\0',
        'a'.repeat(160),
        String(stream.integer(1000)),
      ],
      stream,
    );
    out.fill(0, at + from, at + from + length);
    out.write(text.slice(0, length), at + from, 'latin1');
    out.fill(' ', at + 148, at + 156);
    const sum = out.subarray(at, at + 512).reduce((a, b) => a + b, 0);
    out.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return out;
}

let archive: Buffer | undefined;
const tar: FuzzFormat = {
  name: 'tar',
  cost: 3,
  whole: async () => {
    archive = await tarFile({ 'a/one.txt': Buffer.from('one'), [`a/${'long'.repeat(40)}.txt`]: Buffer.from('two') });
    return [{ 'a.tar': archive }, { 'a.tar.gz': gzipSync(archive) }];
  },
  change: (files, stream) => {
    if (stream.integer(3) === 0) return changeFiles(files, stream);
    const changed = changedTar(archive!, stream);
    return files['a.tar'] ? { 'a.tar': changed } : { 'a.tar.gz': gzipSync(changed) };
  },
  read: async (files, place) => {
    const found = await readTarFiles(place.put(files, Object.keys(files)[0]), () => true, {
      fileBytes: 1 << 20,
      totalBytes: 1 << 21,
    });
    for (const content of found.values()) assert.ok(content.length <= 1 << 20);
  },
};

/** The official number of images: none is a picture of anything. */
const binary = () => {
  const bytes = Buffer.alloc(10_000 * 3073);
  bytes.set([9, 200], 3073);
  return bytes;
};
const python = () => ofPython2(new Array<number>(10_000).fill(3), [10_000, 3072], new Uint8Array(10_000 * 3072));
/** Files of 30 MB: changes where something stands, not in the pixels. */
const cifar: FuzzFormat = {
  name: 'cifar',
  cost: 150,
  whole: async () => [{ 'test_batch.bin': binary() }, { test_batch: python() }],
  change: (files, stream) => {
    const [name, bytes] = Object.entries(files)[0] as [string, Uint8Array];
    if (name === 'test_batch.bin') {
      const out = Buffer.from(bytes);
      out[3073 * stream.integer(10_000)] = stream.integer(256);
      return { [name]: stream.integer(2) ? out : out.subarray(0, stream.integer(out.length)) };
    }
    const head = 20_400;
    const change = stream.integer(3);
    const part = (from: number, to?: number) => mutated(bytes.subarray(from, to), stream);
    if (change === 0) return { [name]: Buffer.concat([part(0, head), bytes.subarray(head)]) };
    if (change === 1)
      return { [name]: Buffer.concat([bytes.subarray(0, 20_000), part(20_000, head), bytes.subarray(head)]) };
    return { [name]: Buffer.concat([bytes.subarray(0, -200), part(bytes.length - 200)]) };
  },
  read: load('cifar10'),
};

const mnistImages = Buffer.from([
  0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255,
]);
const mnistLabels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 9, 0]);
const mnist: FuzzFormat = {
  name: 'mnist',
  cost: 3,
  whole: async () => [
    { 't10k-images-idx3-ubyte': mnistImages, 't10k-labels-idx1-ubyte': mnistLabels },
    { 't10k-images-idx3-ubyte.gz': gzipSync(mnistImages), 't10k-labels-idx1-ubyte': mnistLabels },
  ],
  read: load('mnist'),
};

const svhnArrays = [
  { name: 'X', shape: [32, 32, 3, 2], values: new Uint8Array(2 * 3072).fill(5) },
  { name: 'y', shape: [2, 1], values: Uint8Array.of(10, 3) },
];
const svhn: FuzzFormat = {
  name: 'svhn',
  cost: 3,
  whole: async () => [{ 'test_32x32.mat': matFile(svhnArrays) }, { 'test_32x32.mat': matFile(svhnArrays, true) }],
  change: (files, stream) => {
    if (stream.integer(3)) return changeFiles(files, stream);
    const shape = [...svhnArrays[0]!.shape];
    shape[stream.integer(4)] = pick([0, -1, 1, 2 ** 31 - 1, 33], stream);
    return { 'test_32x32.mat': matFile([{ ...svhnArrays[0]!, shape }, svhnArrays[1]!], stream.integer(2) === 0) };
  },
  read: load('svhn'),
};

const corpus = {
  'ptb.train.txt': Buffer.from('the cat sat\nthe dog <unk> sat\n'),
  'ptb.test.txt': Buffer.from('the dog sat\n'),
};
const text: FuzzFormat = {
  name: 'text',
  cost: 3,
  whole: async () => [corpus],
  change: (files, stream) => changeFiles(files, stream, (bytes) => changedText(bytes, stream)),
  read: async (files, place) => {
    const { tokens, vocabulary } = await loadText({ name: 'ptb', dir: place.put(files), split: 'test' });
    for (const token of tokens) assert.ok(token >= 0 && token < vocabulary.length);
  },
};

const classes = oneFile(
  'classes',
  'classes.json',
  () =>
    ['["ant", "cat"]', '{"ant": 0, "cat": 1}', '{"0": ["n1", "ant"], "1": ["n2", "cat"]}'].map((t) => Buffer.from(t)),
  (bytes, place) => readClassNames(place.put({ 'classes.json': bytes }, 'classes.json')),
  changedJson,
);

const pieces = ['t', 'h', 'e', ' ', '\u2581', '\u0120', 'th', 'the', '##e', '[UNK]', '<s>', '<0x0A>'];
const numbered = Object.fromEntries(pieces.map((piece, i) => [piece, i]));
/** Of each kind that is in use, with the parts around them that take patterns. */
const tokenizers = [
  {
    added_tokens: [{ id: 12, content: '<end>', special: true, normalized: false, lstrip: true }],
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false },
    model: { type: 'BPE', vocab: numbered, merges: ['t h', 'th e'], byte_fallback: true, unk_token: '[UNK]' },
  },
  {
    normalizer: { type: 'BertNormalizer', clean_text: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    model: { type: 'WordPiece', vocab: numbered, unk_token: '[UNK]', continuing_subword_prefix: '##' },
  },
  {
    normalizer: { type: 'Replace', pattern: { Regex: ' +' }, content: '\u2581' },
    pre_tokenizer: { type: 'Split', pattern: { Regex: '[a-z]+|\\s' }, behavior: 'Isolated', invert: false },
    model: { type: 'Unigram', vocab: pieces.map((piece, i) => [piece, -i]), unk_id: 9 },
  },
];

const tokenizer = oneFile(
  'tokenizer',
  'tokenizer.json',
  () =>
    tokenizers.map((made) =>
      Buffer.from(JSON.stringify({ decoder: null, post_processor: null, added_tokens: [], ...made })),
    ),
  async (bytes, place) => {
    const path = place.put({ 'tokenizer.json': bytes }, 'tokenizer.json');
    const { tokens, vocabulary } = await tokenize(path, 'The  the <end> \u00e9\n', 5);
    for (const token of tokens) assert.ok(token < vocabulary.length);
  },
  changedJson,
);

export const formats: readonly FuzzFormat[] = [
  ...[tar, folder, camvid, cifar, mnist, svhn, text],
  ...[
    { ...classes, cost: 2 },
    { ...tokenizer, cost: 8 },
  ],
];
