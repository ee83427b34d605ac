import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { computePiece, requestHere } from '../../src/app/queue/compute-piece.ts';
import { bringTogether, takeParts } from '../../src/app/queue/piece-files.ts';
import { trialPlaces } from '../../src/app/queue/trial-place.ts';
import { jobSpecOf } from '../../src/queue/index.ts';
import type { Offer, PieceSpec } from '../../src/schema/index.ts';
import { spectrumPieces } from '../../src/stability/index.ts';
import type { TrialRequest } from '../../src/study/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-piece-specs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const piece: PieceSpec = {
  ...{ kind: 'piece', measurement: 'spectrum', request: { model: 'resnet8', weights: 'random', dataset: 'shapes' } },
  piece: { images: [0], units: 'layer3.0', stages: false },
  ...{ files: [], folders: [], given: null, data: null, command: false, work: 1, filesAt: join(folder, 'files') },
};
const [name, other] = ['0123456789abcdef', 'fedcba9876543210'];

describe('a piece of a measurement that comes from elsewhere', () => {
  it('names no file of this machine but those that came with it', () => {
    const withKeys = (request: Record<string, unknown>, more: Partial<PieceSpec> = {}) =>
      requestHere({ ...piece, request: { ...piece.request, ...request }, ...more });
    expect(withKeys({})).toEqual(piece.request);
    const came = { files: ['weights' as const], folders: [name] };
    expect(withKeys({ weights: `${name}/a.pth` }, came).weights).toBe(join(folder, 'files', name, 'a.pth'));
    for (const [request, more] of [
      [{ weights: '/etc/shadow' }],
      [{ model: '/srv/secret.onnx' }],
      [{ model: 'secret.ONNX' }],
      [{ classNames: 'names.txt' }],
      [{ tokenizer: 'tokenizer.json' }],
      [{ source: '/home/run' }],
      [{ data: '/home' }],
      [{ checkpoints: '/home' }],
      [{ download: true }],
      [{ weights: `${other}/a.pth` }, came],
      [{ weights: `${name}/../../a.pth` }, came],
      [{ weights: `${name}/..` }, came],
      [{ weights: `../${name}` }, came],
    ] as const)
      expect(() => withKeys(request, more), JSON.stringify(request)).toThrow(/did not come with|no folder|name/);
  });

  it('is refused where its form, its measurement or its command is not what it says', () => {
    const text = (more: object) => JSON.stringify({ ...piece, ...more });
    expect(jobSpecOf(text({}), 'a test')).toEqual(piece);
    for (const more of [
      { measurement: '../../spectrum' },
      { folders: ['../etc'] },
      { given: '/etc' },
      { files: ['data'] },
      { data: { dataset: 'cifar10', splits: [], identity: 'x' } },
      { surprise: 1 },
      { work: -1 },
    ])
      expect(() => jobSpecOf(text(more), 'a test'), JSON.stringify(more)).toThrow(/settings of a piece/);
  });

  it('that fails says so, and is no matter of the worker', async () => {
    const said: unknown[] = [];
    const compute = (spec: Partial<PieceSpec>) =>
      computePiece(
        {
          trial: { folder: join(folder, 'trial'), begin: () => {}, end: (end: unknown) => said.push(end) },
          runtime: { threads: 1 },
          hardware: 'a box',
          signal: new AbortController().signal,
        } as unknown as TrialRequest,
        { ...piece, ...spec },
      );
    await expect(compute({ measurement: 'curvature' })).rejects.toThrow(/not computed in pieces/);
    await expect(compute({ measurement: 'nothing' })).rejects.toThrow(/unknown measurement/);
    await expect(compute({ piece: { images: [-1], units: '', stages: false } })).rejects.toThrow(/a piece of spectrum/);
    await expect(compute({ request: { model: 'resnet8', top: 'many' } })).rejects.toThrow(/top/);
    // A command is run only for who was told that it is one.
    const study = join(folder, 'study.yaml');
    writeFileSync(study, 'name: x\n');
    const branch = { measurement: 'branches', piece: { step: 1, batchSize: 8, learningRate: 0.1, steps: 1, order: 0 } };
    await expect(compute({ ...branch, request: { source: study } })).rejects.toThrow(/did not come with/);
    const broken = join(folder, 'files', name);
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, 'a.pth'), 'no weights');
    const foreign = {
      folders: [name],
      files: ['weights' as const],
      request: { ...piece.request, weights: `${name}/a.pth` },
    };
    // Not a FileError: that would be of this machine, and end the worker.
    const failure = await compute(foreign).catch((error: unknown) => error);
    expect((failure as Error).constructor.name).toBe('BallastError');
    expect(said).toEqual([]);
  });

  it('is placed only where what it says of itself is so, and its files come with it', async () => {
    const place = trialPlaces({ data: [], shared: [folder], scratch: join(folder, 'scratch') });
    const taken: string[] = [];
    const take = async (one: string, path: string) => {
      taken.push(one);
      mkdirSync(path, { recursive: true });
    };
    const payload = (
      spec: Partial<PieceSpec>,
      command = false,
      at = '/elsewhere/handed-out/trials/0123456789abcdef',
    ) => ({
      offer: {
        trial: 'a'.repeat(64),
        spec: JSON.stringify({ ...piece, ...spec }),
        requires: { command, gpus: 0, cpus: 0, memory: 0 },
      } as Offer,
      ...{ study: 'abcdef012345', folder: at, known: [] },
    });
    await expect(place(payload({ command: true }), take)).rejects.toThrow(/another kind/);
    await expect(place(payload({}, true), take)).rejects.toThrow(/another kind/);
    // Its own word for where files and data lie is not taken.
    const placed = (await place(payload({ folders: [name], dir: '/etc', filesAt: '/etc' }), take))!;
    expect(taken).toEqual([name]);
    const { filesAt, dir } = JSON.parse(placed.spec) as PieceSpec;
    expect([filesAt?.startsWith(join(folder, 'scratch')), dir, placed.isShared]).toEqual([true, undefined, false]);
    const data = { dataset: 'cifar10', splits: ['test' as const], identity: 'a'.repeat(64) };
    expect(await place(payload({ data }), take)).toBe(undefined);
    // In a shared folder they lie there, or nowhere.
    const shared = join(folder, 'result', 'handed-out', 'trials', '0123456789abcdef');
    mkdirSync(join(folder, 'result', 'handed-out', 'trials'), { recursive: true });
    await expect(place(payload({ folders: [name] }, false, shared), take)).rejects.toThrow(/do not lie/);
  });
});

describe('what goes to workers and comes back', () => {
  it('files are brought together under a name of their own, another one when they change', async () => {
    const from = join(folder, 'from');
    const to = join(folder, 'to');
    mkdirSync(from);
    mkdirSync(to);
    writeFileSync(join(from, 'net.onnx'), 'one');
    const needed = { folder: from, names: ['net.onnx', 'net.onnx.data'] };
    const first = await bringTogether(needed, to);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await bringTogether(needed, to)).toBe(first);
    writeFileSync(join(from, 'net.onnx.data'), 'more');
    expect(await bringTogether(needed, to)).not.toBe(first);
  });

  it('of what a worker left only finished parts are taken', async () => {
    const from = join(folder, 'left');
    const to = join(folder, 'taken');
    mkdirSync(join(from, 'deep', 'deeper'), { recursive: true });
    for (const path of ['a@0.json', 'a.sh', '.hidden.json', 'deep/b.json', 'deep/deeper/c.json'])
      writeFileSync(join(from, path), '{}');
    await takeParts(from, to);
    expect(readdirSync(to, { recursive: true }).map(String).sort()).toEqual(['a@0.json', 'deep', 'deep/b.json']);
  });
});

describe('spectra in pieces', () => {
  const block = (name: string, image: number, seconds: number, kind: 'unit' | 'stage' = 'unit') => ({
    ...{ name, image, seconds, kind, method: 'dense' as const, bytes: 1, rows: 1, cols: 1 },
  });
  const covered = (missing: readonly ReturnType<typeof block>[]) => {
    const pieces = spectrumPieces(missing as never);
    const units = pieces.flatMap(({ piece: { images, units: names } }) =>
      names === 'none' ? [] : names.split(',').flatMap((n) => images.map((i) => `${n}@${i}`)),
    );
    const stages = pieces.flatMap(({ piece: p }) => (p.stages ? p.images : []));
    return { pieces, units: units.sort(), stages: stages.sort((a, b) => a - b) };
  };

  it('are each in one piece, short images together and long ones unit by unit', () => {
    const short = Array.from({ length: 200 }, (_, i) => [block('u', i, 0.125), block('s', i, 0.125, 'stage')]).flat();
    const many = covered(short);
    expect(many.units).toEqual(Array.from({ length: 200 }, (_, i) => `u@${i}`).sort());
    expect(many.stages).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(many.pieces.length).toBe(25);
    const long = [0, 1].flatMap((i) => [
      block('a', i, 50),
      block('b', i, 50),
      block('c', i, 1),
      block('s', i, 9, 'stage'),
    ]);
    const few = covered(long);
    expect(few.units).toEqual(['a@0', 'a@1', 'b@0', 'b@1', 'c@0', 'c@1']);
    expect(few.stages).toEqual([0, 1]);
    expect(few.pieces.length).toBe(8);
    expect(few.pieces.reduce((sum, p) => sum + p.work, 0)).toBe(220);
    expect(spectrumPieces([])).toEqual([]);
  });
});
