import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { Network } from '../../../src/models/index.ts';
import { type Dim, GraphBuilder, tensorOf, type Value } from '../../../src/onnx/index.ts';
import { projectInto } from '../../../src/stability/perturbations/geometry.ts';
import {
  type AttackItems,
  type AttackName,
  type AttackOptions,
  DifferentiableClassifier,
  movedTo,
  noiseDirection,
  noiseNames,
  normOf,
  overRadii,
  runAttack,
  shuffledPixels,
  targetsFor,
} from '../../../src/stability/perturbations/index.ts';

const shape = [2, 2, 2];
const size = 8;

function classifierOf(classes: number, logits: (b: GraphBuilder, flat: Value) => Value, entryShape = shape): Network {
  return {
    name: 'made by hand',
    weights: 'none',
    task: 'classification',
    inputShape: entryShape,
    classes,
    graph: (batch: Dim) => {
      const b = new GraphBuilder('made');
      const image = b.input('image', 'float32', [batch, ...entryShape]);
      b.output('logits', logits(b, b.reshape(image, [batch as number, entryShape.reduce((n, d) => n * d, 1)])));
      return b.build();
    },
  };
}

/** z = W x + c, W [classes, 8]. */
const linear = (w: readonly (readonly number[])[], c: readonly number[]): Network =>
  classifierOf(w.length, (b, flat) =>
    b.add(
      b.matMul(
        flat,
        b.constant(
          tensorOf(
            'float32',
            [size, w.length],
            w[0]!.flatMap((_, i) => w.map((row) => row[i]!)),
          ),
        ),
      ),
      b.constant(tensorOf('float32', [1, w.length], c)),
    ),
  );

const draw = (purpose: string, count: number, scale = 1) =>
  Array.from(new RandomStream({ seed: 3, purpose }).fillNormal(new Float32Array(count)), (v) => scale * v);

/** Three classes, weights drawn; two hidden layers' worth of bends. */
const bent = classifierOf(3, (b, flat) => {
  const centred = b.sub(flat, b.constant(tensorOf('float32', [1, 1], [0.5])));
  const hidden = b.relu(b.matMul(centred, b.constant(tensorOf('float32', [size, 16], draw('w1', size * 16)))));
  return b.matMul(hidden, b.constant(tensorOf('float32', [16, 3], draw('w2', 48, 0.4))));
});

const options: AttackOptions = {
  norm: 'linf',
  steps: 10,
  stepSize: 0.02,
  restarts: 1,
  randomStart: false,
  seed: 0,
};

/** Images well inside of the box, with the network's own answers as labels. */
async function itemsOf(network: Network, count: number, radius: number): Promise<AttackItems> {
  const origin = Float32Array.from(draw('images', count * size), (v) => 0.5 + 0.1 * Math.tanh(v));
  const classifier = new DifferentiableClassifier(network);
  const logits = await classifier.logits(origin);
  await classifier.dispose();
  const labels = Int32Array.from({ length: count }, (_, i) => {
    const own = Array.from(logits.subarray(i * network.classes, (i + 1) * network.classes));
    return own.indexOf(Math.max(...own));
  });
  const ids = Int32Array.from({ length: count }, (_, i) => i);
  return { count, ids, origin, labels, targets: null, radii: new Float32Array(count).fill(radius) };
}

async function attack(network: Network, name: AttackName, items: AttackItems, more: Partial<AttackOptions> = {}) {
  const classifier = new DifferentiableClassifier(network);
  try {
    return await runAttack(classifier, name, items, { ...options, ...more });
  } finally {
    await classifier.dispose();
  }
}

const w = draw('weights', size);
const two = linear([w, w.map((v) => -v)], [-w.reduce((s, v) => s + v, 0) / 2 + 0.05, w.reduce((s, v) => s + v, 0) / 2]);

describe('attacks on a linear classifier, against closed forms', () => {
  it('FGSM and PGD succeed exactly where |f(x)| < eps ‖w‖₁, and on l2 where |f(x)| < eps ‖w‖₂', async () => {
    // f = z0 - z1 = 2 w.x + const, so the distance to the boundary is |f| / (2 ‖w‖ dual).
    const items = await itemsOf(two, 40, 0.02);
    const classifier = new DifferentiableClassifier(two);
    const z = await classifier.logits(items.origin);
    await classifier.dispose();
    const dual = { linf: w.reduce((s, v) => s + Math.abs(v), 0), l2: Math.hypot(...w) };
    for (const norm of ['linf', 'l2'] as const) {
      const radius = norm === 'linf' ? 0.02 : 0.05;
      const own = { ...items, radii: new Float32Array(40).fill(radius) };
      const expected = Array.from(
        { length: 40 },
        (_, i) => Math.abs(z[2 * i]! - z[2 * i + 1]!) < radius * 2 * dual[norm],
      );
      expect(new Set(expected).size, 'some can be fooled, some cannot').toBe(2);
      for (const name of ['fgsm', 'pgd', 'apgd'] as const) {
        const { items: found, warnings } = await attack(two, name, own, { norm, stepSize: radius / 4 });
        expect(
          found.map((i) => i.success),
          `${name} ${norm}`,
        ).toEqual(expected);
        expect(warnings).toEqual([]);
      }
    }
  });

  it('DeepFool goes to the nearest boundary and 2 % beyond, in one step', async () => {
    const net = linear([draw('a', size), draw('b', size), draw('c', size)], [0.1, 0, -0.1]);
    const rows = [draw('a', size), draw('b', size), draw('c', size)];
    const items = await itemsOf(net, 20, Number.POSITIVE_INFINITY);
    const classifier = new DifferentiableClassifier(net);
    const z = await classifier.logits(items.origin);
    await classifier.dispose();
    for (const norm of ['l2', 'linf'] as const) {
      const { items: found } = await attack(net, 'deepfool', items, { norm, steps: 5 });
      found.forEach((item, i) => {
        const distances = [0, 1, 2]
          .filter((k) => k !== item.label)
          .map((k) => {
            const d = rows[k]!.map((v, j) => v - rows[item.label]![j]!);
            const dual = norm === 'l2' ? Math.hypot(...d) : d.reduce((s, v) => s + Math.abs(v), 0);
            return (z[3 * i + item.label]! - z[3 * i + k]!) / dual;
          });
        const nearest = Math.min(...distances);
        if (nearest > 0.3) return; // the box is in the way
        expect(item.success).toBe(true);
        expect(norm === 'l2' ? item.l2 : item.linf).toBeCloseTo(1.02 * (nearest + 1e-4), 4);
      });
    }
  });

  it('Carlini-Wagner finds a perturbation within 3 % of the smallest one', async () => {
    const items = await itemsOf(two, 12, Number.POSITIVE_INFINITY);
    const classifier = new DifferentiableClassifier(two);
    const z = await classifier.logits(items.origin);
    await classifier.dispose();
    const { items: found } = await attack(two, 'cw', items, { norm: 'l2', steps: 400, stepSize: 0.004 });
    found.forEach((item, i) => {
      const smallest = Math.abs(z[2 * i]! - z[2 * i + 1]!) / (2 * Math.hypot(...w));
      expect(item.success).toBe(true);
      expect(item.l2).toBeGreaterThan(smallest * 0.999);
      expect(item.l2).toBeLessThan(smallest * 1.03 + 1e-3);
    });
  });
});

describe('attacks on a network that bends', () => {
  it('each stays in ball and box, and what it claims stands when predicted again', async () => {
    const items = await itemsOf(bent, 60, 0.06);
    for (const norm of ['linf', 'l2'] as const) {
      for (const name of ['fgsm', 'pgd', 'apgd'] as const) {
        const result = await attack(bent, name, items, { norm, randomStart: name !== 'fgsm', restarts: 2 });
        const claimed = result.items.map((i) => i.claimed);
        expect(claimed, `${name} ${norm}`).toContain(true);
        expect(
          result.items.map((i) => i.success),
          `${name} ${norm}`,
        ).toEqual(claimed);
        for (const item of result.items) expect(item[norm]).toBeLessThanOrEqual(0.06 * 1.0001);
        for (const value of result.perturbed) expect(value >= 0 && value <= 1).toBe(true);
      }
    }
  });

  it('PGD is as strong as FGSM, APGD as PGD, and more restarts never hurt', async () => {
    const items = await itemsOf(bent, 80, 0.05);
    const successes = async (name: AttackName, more: Partial<AttackOptions> = {}) =>
      (await attack(bent, name, items, { stepSize: 0.0125, steps: 20, ...more })).items.filter((i) => i.success).length;
    const [fgsm, pgd, apgd, restarted] = [
      await successes('fgsm'),
      await successes('pgd'),
      await successes('apgd'),
      await successes('pgd', { restarts: 4 }),
    ];
    expect(fgsm).toBeGreaterThan(0);
    expect(fgsm).toBeLessThan(80);
    expect(pgd).toBeGreaterThanOrEqual(fgsm);
    expect(apgd).toBeGreaterThanOrEqual(pgd);
    expect(restarted).toBeGreaterThanOrEqual(pgd);
  });

  it('a targeted attack succeeds only with the class it was given', async () => {
    const items = await itemsOf(bent, 40, 0.15);
    const targets = items.labels.map((l) => (l + 1) % 3);
    for (const [name, more] of [
      ['pgd', { stepSize: 0.03 }],
      ['apgd', {}],
      ['deepfool', {}],
      ['cw', { norm: 'l2', steps: 100, stepSize: 0.02 }],
    ] as const) {
      const { items: found } = await attack(bent, name, { ...items, targets }, more);
      const hits = found.filter((i) => i.success);
      expect(hits.length, name).toBeGreaterThan(0);
      for (const item of found) expect(item.success && item.perturbed !== item.target).toBe(false);
    }
  });

  it('many radii go in one call and give what each gives alone', async () => {
    const items = await itemsOf(bent, 20, 0);
    const together = await attack(bent, 'pgd', overRadii(items, [0.02, 0.08]));
    for (const [r, radius] of [0.02, 0.08].entries()) {
      const alone = await attack(bent, 'pgd', { ...items, radii: new Float32Array(20).fill(radius) });
      expect(together.items.slice(20 * r, 20 * (r + 1))).toEqual(alone.items);
    }
  });

  it('leaves what is misclassified alone and counts it apart', async () => {
    const items = await itemsOf(bent, 10, 0.05);
    const labels = items.labels.slice();
    labels[3] = (labels[3]! + 1) % 3;
    const { items: found, perturbed } = await attack(bent, 'pgd', { ...items, labels });
    expect(found.map((i) => i.attacked)).toEqual(Array.from({ length: 10 }, (_, i) => i !== 3));
    expect(found[3]).toMatchObject({ success: false, l2: 0 });
    expect(perturbed.slice(24, 32)).toEqual(items.origin.slice(24, 32));
  });

  it('warns of zero gradients and of a network that changes its mind', async () => {
    const flat = classifierOf(2, (b, x) =>
      b.matMul(b.relu(b.scale(b.relu(x), -1)), b.constant(tensorOf('float32', [size, 2], draw('flat', 2 * size)))),
    );
    const items = await itemsOf(flat, 5, 0.05);
    expect((await attack(flat, 'pgd', items)).warnings).toEqual([expect.stringMatching(/5 of 5 .*gradient of zero/)]);

    const moody = new (class extends DifferentiableClassifier {
      #calls = 0;
      override async logits(x: Float32Array) {
        const found = await super.logits(x);
        found[0]! += 1e-3 * this.#calls++;
        return found;
      }
    })(bent);
    const some = await itemsOf(bent, 5, 0.01);
    expect((await runAttack(moody, 'pgd', some, options)).warnings).toContainEqual(
      expect.stringMatching(/differently/),
    );
    await moody.dispose();
  });
});

describe('an attack that gets weaker with more steps', () => {
  it('is warned of: long steps jump into a thin slab of wrong answers and out again', async () => {
    // z1 - z0 = 0.1 - |s|, s the sum of pixels less 4: wrong answers form a thin slab, which a long step leaves again.
    const slab = classifierOf(2, (b, x) => {
      const s = b.sub(b.reduceSum(x, [1], true), b.constant(tensorOf('float32', [1, 1], [4])));
      const off = b.add(b.relu(s), b.relu(b.scale(s, -1)));
      return b.concat([b.sub(off, b.constant(tensorOf('float32', [1, 1], [0.1]))), b.scale(s, 0)], 1);
    });
    const origin = new Float32Array(10 * size).fill(0.46);
    const items = {
      count: 10,
      ids: new Int32Array(10),
      origin,
      labels: new Int32Array(10),
      targets: null,
      radii: new Float32Array(10).fill(0.1),
    };
    const long = await attack(slab, 'pgd', items, { steps: 4, stepSize: 0.05 });
    expect(long.warnings).toEqual([
      expect.stringMatching(/weaker with more steps: 10 successes on the way, 0 at the end/),
    ]);
    const short = await attack(slab, 'pgd', items, { steps: 5, stepSize: 0.01 });
    expect(short.warnings).toEqual([]);
  });
});

describe('directions', () => {
  it('moves by exactly the norm that is asked for, inside of the box, also where pixels are clipped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 }),
        fc.constantFrom('l2' as const, 'linf' as const),
        fc.constantFrom(...noiseNames),
        fc.double({ min: 0.001, max: 0.4, noNaN: true }),
        (pixels, norm, noise, radius) => {
          const origin = Float32Array.from(pixels);
          const moved = movedTo(origin, noiseDirection(noise, 12, { seed: 1, index: 5 }), radius, {
            norm,
            box: { low: 0, high: 1 },
          });
          const d = moved.map((v, i) => v - origin[i]!);
          for (const v of moved) expect(v >= 0 && v <= 1).toBe(true);
          const reached = normOf(norm, d, 0, 12);
          expect(reached).toBeLessThanOrEqual(radius * 1.0001 + 1e-6);
          // Where the box is in the way of all pixels, as far as it lets.
          const stuck = moved.every((v) => v === 0 || v === 1);
          if (!stuck) expect(reached).toBeGreaterThanOrEqual(radius * 0.999 - 1e-6);
        },
      ),
    );
  });

  it('shuffles pixels without parting their channels, and keeps the norm', () => {
    const d = Float32Array.from({ length: 3 * 16 }, (_, i) => i);
    const shuffled = shuffledPixels(d, 3, { seed: 0, index: 1 });
    expect([...shuffled].sort((a, b) => a - b)).toEqual([...d]);
    expect(shuffled).not.toEqual(d);
    for (let p = 0; p < 16; p++)
      expect([shuffled[16 + p]! - shuffled[p]!, shuffled[32 + p]! - shuffled[p]!]).toEqual([16, 32]);
  });

  it('projects onto the ball: never outside, and what was inside stays', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
        fc.constantFrom('l2' as const, 'linf' as const),
        (values, norm) => {
          const origin = new Float32Array(6).fill(0.5);
          const x = Float32Array.from(values);
          const before = x.slice();
          projectInto(x, origin, Float32Array.of(0.3), { norm, box: null, size: 6 });
          const length = normOf(
            norm,
            x.map((v) => v - 0.5),
            0,
            6,
          );
          expect(length).toBeLessThanOrEqual(0.3 * 1.0001);
          if (
            normOf(
              norm,
              before.map((v) => v - 0.5),
              0,
              6,
            ) < 0.299
          )
            before.forEach((v, i) => {
              expect(x[i]).toBeCloseTo(v, 5);
            });
        },
      ),
    );
  });

  it('aims at the wrong answers that are asked for', () => {
    const about = {
      labels: Int32Array.of(0, 2),
      ids: Int32Array.of(7, 8),
      logits: Float32Array.of(-9, 1, 0, 3, 2, 5),
      classes: 3,
      seed: 0,
    };
    expect([...targetsFor('next', about)]).toEqual([1, 0]);
    expect([...targetsFor('least-likely', about)]).toEqual([2, 1]);
    expect([...targetsFor('1', about)]).toEqual([1, 1]);
    for (const [i, t] of targetsFor('random', about).entries()) expect(t).not.toBe(about.labels[i]);
    expect(() => targetsFor('3', about)).toThrow(/target: expected next, random, least-likely or a class below 3/);
  });
});
