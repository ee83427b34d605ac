import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import { GraphBuilder, tensorOf } from '../../src/onnx/index.ts';
import { compile, type Program } from '../../src/runtime/program.ts';

const open: Program[] = [];
afterEach(async () => {
  for (const program of open.splice(0)) await program.dispose();
});

/** y = x + w, z = sum of y. */
async function sums(options: Parameters<typeof compile>[1] = {}): Promise<Program> {
  const b = new GraphBuilder('sums');
  const y = b.add(b.input('x', 'float32', ['batch', 3]), b.input('w', 'float32', ['batch', 3]));
  b.output('y', y);
  b.output('z', b.reduceSum(y, [0, 1], false));
  const program = await compile(b.build(), options);
  open.push(program);
  return program;
}

const row = (...values: number[]) => tensorOf('float32', [1, 3], values);

describe('a program', () => {
  it('runs and returns every output by name', async () => {
    const program = await sums();
    expect(program.inputs.map((v) => v.name)).toEqual(['x', 'w']);
    expect(program.outputs).toEqual(['y', 'z']);
    const { y, z } = await program.run({ x: row(1, 2, 3), w: row(10, 20, 30) });
    expect(y).toEqual(row(11, 22, 33));
    expect(z).toEqual(tensorOf('float32', [], [66]));
  });

  it('writes a preallocated output in place, also when that tensor is an input', async () => {
    const program = await sums();
    const state = row(1, 2, 3);
    const result = await program.run({ x: state, w: row(1, 1, 1) }, { y: state });
    expect(result.y).toBe(state);
    expect([...state.data]).toEqual([2, 3, 4]);
    await program.run({ x: state, w: row(1, 1, 1) }, { y: state });
    expect([...state.data]).toEqual([3, 4, 5]);
  });

  it('answers calls made at once in their order, each with its own numbers', async () => {
    const program = await sums();
    const order: number[] = [];
    const calls = Array.from({ length: 8 }, async (_, i) => {
      const { y } = await program.run({ x: row(i, i, i), w: row(1, 2, 3) });
      order.push(i);
      return [...y!.data];
    });
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 8 }, (_, i) => [i + 1, i + 2, i + 3]));
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('goes on after a call that was refused', async () => {
    const program = await sums();
    await expect(program.run({ x: row(1, 2, 3) })).rejects.toThrow(UsageError);
    expect([...(await program.run({ x: row(0, 0, 0), w: row(1, 2, 3) })).y!.data]).toEqual([1, 2, 3]);
  });

  it('many programs may be alive and run in turn, spinning or not', async () => {
    const programs = [await sums(), await sums({ spinning: true }), await sums({ threads: 1 })];
    for (let round = 0; round < 3; round++) {
      for (const program of programs) {
        const { z } = await program.run({ x: row(round, 0, 0), w: row(1, 1, 1) });
        expect(z!.data[0]).toBe(3 + round);
      }
    }
  });

  it('refuses to run once it is disposed of, and disposing twice is harmless', async () => {
    const program = await sums();
    await program.dispose();
    await program.dispose();
    await expect(program.run({ x: row(1, 2, 3), w: row(1, 2, 3) })).rejects.toThrow(/disposed/);
  });

  it('finishes the calls under way before it is disposed of', async () => {
    const program = await sums();
    const call = program.run({ x: row(1, 2, 3), w: row(0, 0, 0) });
    await program.dispose();
    expect([...(await call).y!.data]).toEqual([1, 2, 3]);
  });
});

describe('a call is checked against the graph', () => {
  const x = row(1, 2, 3);
  it.each([
    ['a missing input', { x }, /sums: input "w" is missing; inputs are x, w/],
    ['an unknown input', { x, w: x, v: x }, /no input "v"; inputs are x, w/],
    [
      'a wrong type',
      { x: tensorOf('float64', [1, 3], [1, 2, 3]), w: x },
      /"x" must be float32\[batch, 3\], got float64/,
    ],
    [
      'a wrong size',
      { x: tensorOf('float32', [1, 2], [1, 2]), w: x },
      /must be float32\[batch, 3\], got float32\[1, 2\]/,
    ],
    ['a wrong rank', { x: tensorOf('float32', [3], [1, 2, 3]), w: x }, /got float32\[3\]/],
    ['two sizes for one open dimension', { x, w: tensorOf('float32', [2, 3], [1, 2, 3, 4, 5, 6]) }, /with batch = 1/],
    ['data of another length', { x: { ...x, data: new Float32Array(2) }, w: x }, /needs 3 elements, got 2/],
  ])('%s is refused with what was expected', async (_, feeds, message) => {
    const program = await sums();
    const error = await program.run(feeds).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('a preallocated output of another shape or name is refused', async () => {
    const program = await sums();
    await expect(program.run({ x, w: x }, { y: tensorOf('float32', [2, 3], [0, 0, 0, 0, 0, 0]) })).rejects.toThrow(
      /output "y" must be/,
    );
    await expect(program.run({ x, w: x }, { q: x })).rejects.toThrow(/no output "q"; outputs are y, z/);
  });
});

describe('devices', () => {
  it('one that is not there is refused with those that are', async () => {
    await expect(sums({ device: 'tpu' as 'cpu' })).rejects.toThrow(/"tpu" is not available here, only .*cpu/);
  });
});

describe('emission', () => {
  it('blocked is refused on other devices than the CPU', async () => {
    await expect(sums({ device: 'webgpu', emission: 'blocked' })).rejects.toThrow(/webgpu/);
  });
});
