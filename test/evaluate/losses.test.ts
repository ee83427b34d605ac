import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CrossEntropyOptions, crossEntropy } from '../../src/evaluate/losses.ts';
import { GraphBuilder, tensorOf } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';

async function lossOf(
  logits: readonly number[],
  shape: readonly number[],
  labels: readonly number[],
  options: CrossEntropyOptions = {},
): Promise<number> {
  const labelShape = shape.length === 4 ? [shape[0]!, shape[2]!, shape[3]!] : shape.slice(0, -1);
  const b = new GraphBuilder('loss');
  const values = b.input('logits', 'float64', shape);
  b.output('loss', crossEntropy(b, values, b.input('label', 'int64', labelShape), options));
  const program = await compile(b.build());
  const feeds = { logits: tensorOf('float64', shape, [...logits]), label: tensorOf('int64', labelShape, [...labels]) };
  const { loss } = await program.run(feeds);
  await program.dispose();
  return Number(loss!.data[0]);
}

/** PyTorch's definition, row by row. */
function expectedLoss(rows: readonly (readonly number[])[], labels: readonly number[], smoothing = 0): number {
  const classes = rows[0]!.length;
  const losses = rows.flatMap((row, i) => {
    const label = labels[i]!;
    if (label < 0 || label >= classes) return [];
    const logSum = Math.log(row.reduce((s, z) => s + Math.exp(z), 0));
    const target = row.map((_, c) => smoothing / classes + (c === label ? 1 - smoothing : 0));
    return [row.reduce((s, z, c) => s + target[c]! * (logSum - z), 0)];
  });
  return losses.reduce((s, l) => s + l, 0) / Math.max(1, losses.length);
}

const logit = fc.double({ min: -8, max: 8, noNaN: true });

describe('cross-entropy', () => {
  it('is the mean over rows, with smoothing and with labels that do not count', async () => {
    const [count, classes] = [6, 4];
    await fc.assert(
      fc.asyncProperty(
        fc.array(logit, { minLength: count * classes, maxLength: count * classes }),
        fc.array(fc.integer({ min: -1, max: classes }), { minLength: count, maxLength: count }),
        fc.constantFrom(0, 0.1, 0.5),
        async (logits, labels, smoothing) => {
          const rows = Array.from({ length: count }, (_, i) => logits.slice(i * classes, (i + 1) * classes));
          const loss = await lossOf(logits, [count, classes], labels, { smoothing, partial: true });
          expect(loss).toBeCloseTo(expectedLoss(rows, labels, smoothing), 10);
          const all = labels.map((label) => Math.min(classes - 1, Math.max(0, label)));
          const whole = await lossOf(logits, [count, classes], all, { smoothing });
          expect(whole).toBeCloseTo(expectedLoss(rows, all, smoothing), 10);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('of pixels and of tokens is that of the same logits as rows', async () => {
    const [n, c, h, w] = [2, 3, 2, 2];
    const values = Array.from({ length: n * c * h * w }, (_, i) => Math.sin(3 * i));
    const labels = [0, 1, 2, 1, 0, 2, 2, 1];
    const pixel = (i: number, p: number) => Array.from({ length: c }, (_, k) => values[(i * c + k) * h * w + p]!);
    const rows = Array.from({ length: n * h * w }, (_, r) => pixel(Math.floor(r / (h * w)), r % (h * w)));
    expect(await lossOf(values, [n, c, h, w], labels)).toBeCloseTo(expectedLoss(rows, labels), 12);
    expect(await lossOf(rows.flat(), [n, h * w, c], labels)).toBeCloseTo(expectedLoss(rows, labels), 12);
  });

  it('is 0 where no label counts', async () => {
    expect(await lossOf([1, 2, 3, 4], [2, 2], [-1, 7], { partial: true })).toBeCloseTo(0, 12);
  });
});
