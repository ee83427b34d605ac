import { describe, expect, it } from 'vitest';
import { grad } from '../../../src/autodiff/index.ts';
import { transformer } from '../../../src/models/architectures/transformer.ts';
import { parameterCount } from '../../../src/nn/index.ts';
import { tensorOf, toNumbers } from '../../../src/onnx/index.ts';
import { compareEmissions, compile } from '../../../src/runtime/index.ts';
import { inFloat64, toFloat64 } from '../../graphs/float64.ts';
import { randomParams, withLoss } from '../training.ts';

const tokens = (batch: number, values: readonly number[]) => tensorOf('int64', [batch, values.length / batch], values);

describe('the transformer', () => {
  it('has the 124 439 808 parameters of GPT-2 in its sizes, 2 089 728 in ours', () => {
    const sizes = { layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50_257 };
    expect(parameterCount(transformer(sizes).parameters)).toBe(124_439_808);
    expect(parameterCount(transformer().parameters)).toBe(2_089_728);
  });

  it('does not see later tokens', async () => {
    const model = transformer({ layers: 2, width: 16, heads: 2, context: 6, vocabulary: 9 });
    const program = await compile(model.build(randomParams(model), 1));
    const logits = async (values: readonly number[]) =>
      toNumbers((await program.run({ tokens: tokens(1, values) })).logits!);
    const [a, b] = [await logits([1, 2, 3, 4, 5, 6]), await logits([1, 2, 3, 8, 0, 7])];
    await program.dispose();
    expect(b.slice(0, 27)).toEqual(a.slice(0, 27));
    for (let t = 3; t < 6; t++) expect(b.slice(9 * t, 9 * t + 9)).not.toEqual(a.slice(9 * t, 9 * t + 9));
  });

  it('gives on a shorter sequence what it gives at the beginning of a longer one', async () => {
    const model = transformer({ layers: 1, width: 8, heads: 2, context: 5, vocabulary: 7 });
    const params = randomParams(model);
    const [long, short] = [await compile(model.build(params, 1)), await compile(model.build(params, 1, 3))];
    const a = toNumbers((await long.run({ tokens: tokens(1, [1, 6, 2, 0, 3]) })).logits!);
    const b = toNumbers((await short.run({ tokens: tokens(1, [1, 6, 2]) })).logits!);
    await Promise.all([long.dispose(), short.dispose()]);
    b.forEach((v, i) => {
      expect(v).toBeCloseTo(a[i]!, 5);
    });
    expect(() => model.trace(1, 6)).toThrow(/sequences must have 1 to 5 tokens, got 6/);
  });

  it('has a directional derivative in float64 that equals central differences for every parameter', async () => {
    const model = transformer({ layers: 1, width: 4, heads: 2, context: 4, vocabulary: 5, dropout: 0.1 });
    const loss = inFloat64(withLoss(model.trace(2, 3)));
    const wrt = model.parameters.map((p) => p.name);
    const [value, gradient] = [await compile(loss), await compile(grad(loss, { wrt, of: 'loss' }))];
    const given = { tokens: tokens(2, [1, 4, 2, 0, 3, 3]), ...Object.fromEntries(randomParams(model, 0.7)) };
    const feeds = Object.fromEntries(Object.entries(given).map(([name, t]) => [name, toFloat64(t)]));
    const analytic = await gradient.run(feeds);
    const direction = randomParams(model, 1, 2);
    for (const name of wrt) {
      const v = toNumbers(direction.get(name)!);
      const at = async (h: number) => {
        const moved = toNumbers(feeds[name]!).map((x, k) => x + h * v[k]!);
        return toNumbers(
          (await value.run({ ...feeds, [name]: tensorOf('float64', feeds[name]!.shape, moved) })).loss!,
        )[0]!;
      };
      const h = 1e-3;
      const slope = ((await at(-2 * h)) - 8 * (await at(-h)) + 8 * (await at(h)) - (await at(2 * h))) / (12 * h);
      const exact = toNumbers(analytic[`${name}_gradient`]!).reduce((s, g, k) => s + g * v[k]!, 0);
      expect(Math.abs(slope - exact), name).toBeLessThan(1e-6 * Math.max(1, Math.abs(exact)));
      expect(Math.abs(exact), `${name} matters`).toBeGreaterThan(1e-6);
    }
    await Promise.all([value.dispose(), gradient.dispose()]);
  });

  it('gives the same numbers in both emissions', async () => {
    const model = transformer({ layers: 2, width: 16, heads: 4, context: 8, vocabulary: 20 });
    const feeds = {
      tokens: tokens(
        2,
        Array.from({ length: 16 }, (_, i) => (7 * i) % 20),
      ),
    };
    expect((await compareEmissions(model.build(randomParams(model), 2), feeds)).error).toBeLessThan(1e-5);
  });

  it('refuses heads that do not divide the width', () => {
    expect(() => transformer({ width: 10, heads: 3 })).toThrow(/width must be divisible by the heads, got 10 and 3/);
  });
});
