/** Hostile files given to the command line, under a bound of memory: one line, exit code 1, nothing on standard output. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StudyStore } from '../../src/store/index.ts';
import { builtCommand } from '../support/built.ts';
import { int, modelBytes } from '../support/onnx-files.ts';
import { chunk, pngSignature } from '../support/png-files.ts';
import { pickle, zipCheckpoint } from '../support/torch-files.ts';
import { tarFile } from '../support/whole-files.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-hostile-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, bytes: Uint8Array | string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** A file of one node. */
const model = (op: string, domain: string, attributes: Readonly<Record<string, number>> = {}) =>
  modelBytes({
    opset: 21,
    inputs: { x: [1, 3, 8, 8] },
    outputs: ['y'],
    tensors: {},
    nodes: [
      {
        op,
        domain,
        in: ['x'],
        out: ['y'],
        attributes: Object.fromEntries(Object.entries(attributes).map(([k, v]) => [k, int(v)])),
      },
    ],
  });

/** A dict whose key is a list of two lists, each of which is the same list of two lists, and so on: 2^40 pieces as text. */
function keyBomb(): Buffer {
  const levels = Array.from(
    { length: 40 },
    (_, i) => `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}0`,
  );
  return pickle.program(pickle.raw(`]q\x000${levels.join('')}}(h${String.fromCharCode(40)}K\x01u`));
}

function header(width: number, height: number): Buffer {
  const out = Buffer.alloc(13);
  out.writeUInt32BE(width, 0);
  out.writeUInt32BE(height, 4);
  out.set([8, 2], 8);
  return out;
}
const png = (...chunks: readonly [string, Uint8Array][]) =>
  Buffer.concat([pngSignature, ...chunks.map(([type, data]) => chunk(type, data))]);
const row = deflateSync(Buffer.alloc(4));
const none = Buffer.alloc(0);

/** A study's store after somebody's statements. */
async function store(name: string, sql: string): Promise<string> {
  const folder = join(root, name);
  const made = await StudyStore.open(folder);
  const point = {
    workload: 'w',
    strategy: 'BLR',
    batchSize: 8,
    baseRate: 0.1,
    seed: 0,
    learningRate: 0.1,
    budgetSteps: 9,
    trialId: 'a',
  };
  const facts = {
    name: 'w',
    model: 'm',
    dataset: 'd',
    fraction: 1,
    complexity: null,
    examples: 1,
    metric: null,
    parameters: null,
    targets: [],
  };
  made.replaceGrid({
    name: 's',
    text: 'name: s',
    workloads: { w: JSON.stringify(facts) },
    trials: [{ id: 'a', spec: '{}', budgetSteps: 9, budgetSeconds: null }],
    points: [point],
  });
  made.close();
  const db = new Database(made.path);
  db.exec(sql);
  db.close();
  return folder;
}

const evaluate = (...rest: string[]) => ['eval', ...rest];
const pictures = (name: string, bytes: Uint8Array) => {
  put(join(name, 'a', '1.png'), bytes);
  return evaluate('--model', 'mlp8', '--weights', 'random', '--dataset', 'folder', '--data', join(root, name));
};
const network = (name: string, bytes: Uint8Array) => evaluate('--model', put(name, bytes), '--dataset', 'shapes');
const weights = (name: string, bytes: Uint8Array) =>
  evaluate('--model', 'resnet20', '--dataset', 'shapes', '--weights', put(name, bytes));
const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(', ')}]`),
].join('\n');

const cases: readonly (readonly [string, () => readonly string[] | Promise<readonly string[]>, RegExp])[] = [
  [
    "a model in the domain of the runtime's own blocked kernels",
    () => network('blocked.onnx', model('Conv', 'com.microsoft.nchwc')),
    /com\.microsoft\.nchwc\.Conv .*not supported/,
  ],
  [
    'a model with a name that a terminal obeys',
    () => network('escape.onnx', model('Relu\u001b]0;x\u0007', '')),
    /Relu\\u001b\]0;x\\u0007 .*not supported/,
  ],
  [
    'a model with half a billion groups',
    () => network('groups.onnx', model('GroupNormalization', '', { num_groups: 5e8 })),
    /GroupNormalization/,
  ],
  [
    'a checkpoint with a key of 2^40 pieces',
    () => weights('key.pt', zipCheckpoint(keyBomb())),
    /expected a state dict .* found a dict with keys a list/,
  ],
  [
    'a picture with a second header of gigabytes',
    () =>
      pictures('headers', png(['IHDR', header(1, 1)], ['IHDR', header(20_000, 20_000)], ['IDAT', row], ['IEND', none])),
    /a chunk IHDR where none may be/,
  ],
  [
    'a picture of too little data',
    () => pictures('short', png(['IHDR', header(200, 200)], ['IDAT', row], ['IEND', none])),
    /unpack to 4 bytes, expected 120200/,
  ],
  [
    'a store with text that is none',
    () => store('utf8', "update fact set value = cast(x'ff41' as text)").then((d) => ['batch', 'status', d]),
    /is not UTF-8/,
  ],
  [
    'a store with a view',
    () =>
      store('view', 'drop table measurement; create view measurement as select 1 as trial').then((d) => [
        'batch',
        'report',
        d,
      ]),
    /other tables than Ballast makes/,
  ],
  [
    'a store with points of no workload',
    () =>
      store('stray', "update point set workload = 'other'").then((d) => [
        'batch',
        'export',
        d,
        '--format',
        'layout',
        '--to',
        join(root, 'exported'),
      ]),
    /a point is of the workload "other", which it has no facts of/,
  ],
  [
    'a study of aliases that stand for a billion values',
    () => ['batch', 'run', put('bomb.yaml', bomb), '--out', join(root, 'out'), '--dry-run'],
    /cannot|Excessive alias|is no YAML/,
  ],
  [
    'an archive that lists a frame twice',
    async () =>
      evaluate(
        '--model',
        'unet',
        '--weights',
        'random',
        '--dataset',
        'camvid',
        '--data',
        put('camvid.tar.gz', gzipSync(await tarFile({ 'camvid/test.txt': Buffer.from('a\na\n') }))),
      ),
    /names the frame a twice/,
  ],
];

describe('a hostile file is refused in one line, within a gigabyte and a half:', () => {
  it.each(cases.map(([name, make, what]) => ({ name, make, what })))('$name', async ({ make, what }) => {
    const args = await make();
    // Memory that may be written to (RLIMIT_DATA), in KiB.
    const run = spawnSync(
      'sh',
      ['-c', 'ulimit -d 1500000; exec "$@"', 'sh', process.execPath, builtCommand(), ...args],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(run.stderr).toMatch(what);
    expect(run.stderr).toMatch(/^ballast: [^\p{Cc}]+\n$/u);
    expect(run.status).toBe(1);
    expect(run.stdout).toBe('');
  });
});

describe('an absurd number is a mistake of the call, told in one line before anything is made:', () => {
  const nowhere = join(tmpdir(), 'ballast-absurd');
  it.each([
    ['eval --model mlp8 --weights random --dataset shapes --threads 1e9', /--threads .*from 1 to 1024/],
    [`batch run x.yaml --out ${nowhere} --threads 1e308`, /--threads .*from 1 to 1024/],
    [`train --model mlp8 --dataset shapes --out ${nowhere} --batch-size 1e9`, /--batch-size .*from 1 to 16777216/],
    ['eval --model resnet999999998 --weights random --dataset shapes', /more than any network has/],
  ])('%s', (line, what) => {
    const { status, stderr } = spawnSync(process.execPath, [builtCommand(), ...line.split(' ')], { encoding: 'utf8' });
    expect(stderr).toMatch(what);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(status).toBe(2);
    expect(existsSync(nowhere)).toBe(false);
  });
});
