/** Each rule on made-up measurements of which the right verdict is known: it must be able to agree, to disagree, not to tell, and to decline. */
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { ActiveUnits } from '../../../src/schema/index.ts';
import {
  adversarialJump,
  littleBetweenImages,
  mostAreOne,
  scalesChangeMuch,
} from '../../../src/stability/findings/index.ts';
import type { InterventionResult } from '../../../src/stability/interventions/intervention-result.ts';
import type { GrowthByStage, MeanRatio } from '../../../src/stability/perturbations/excess-growth.ts';
import type { BlockSpectrum, ImageSpectra, SpectrumResult } from '../../../src/stability/result.ts';
import { spreadAcrossImages } from '../../../src/stability/spectra/spread.ts';

const block = (name: string, singularValues: readonly number[], complete = true): BlockSpectrum => ({
  ...{ name, singularValues, complete, shape: [singularValues.length, singularValues.length] },
  ...{ finalRelu: false, method: 'dense', tolerance: 1e-3, maxResidual: 0, seconds: 0 },
  ...{ plateau: { value: 1, count: singularValues.filter((s) => Math.abs(s - 1) <= 1e-3).length } },
  ...{ above: null, below: null, zero: null, activeHidden: null, hiddenSize: null, bound: null },
});
const spectrum = (images: readonly (readonly BlockSpectrum[])[]): SpectrumResult => {
  const rows = images.map((units, index) => ({ index, label: 0, predicted: 0, logits: [], units, stages: [] }));
  return { images: rows as ImageSpectra[], spread: spreadAcrossImages(rows) } as unknown as SpectrumResult;
};
const active = (names: readonly string[]) =>
  names.map((name) => ({ name, size: 10, bound: null })) as unknown as ActiveUnits[];

/** A spectrum of 100 values of which `ones` are 1 and the others far away. */
const withOnes = (ones: number) => Array.from({ length: 100 }, (_, i) => (i < ones ? 1 : 3 + i / 100));
const names = (count: number) => Array.from({ length: count }, (_, i) => `unit${i}`);

describe('F1, most singular values are 1', () => {
  /** Units at images that move all of their shares by as much, where the shares of the last `once` are known at the first one alone. */
  const judge = (
    shares: readonly number[],
    {
      more = [],
      moves = [0, 2, -2],
      once = 0,
    }: { readonly more?: readonly string[]; readonly moves?: readonly number[]; readonly once?: number } = {},
  ) =>
    mostAreOne(
      spectrum(
        moves.map((move, image) =>
          shares.map((s, i) => block(`unit${i}`, withOnes(s + move), image === 0 || i < shares.length - once)),
        ),
      ),
      active([...names(shares.length), ...more]),
    );

  it('agrees and disagrees with a direction, in the mean over the units, however they differ', () => {
    expect(judge([90, 85, 80, 88, 92]).outcome).toBe('agrees');
    expect(judge([10, 15, 20, 12, 8]).outcome).toBe('disagrees');
    expect(judge([20, 95, 50, 65, 75]).outcome).toBe('agrees');
    expect(judge([20, 95, 50, 65, 75], { once: 2 }).outcome).toBe('agrees');
  });

  it('cannot tell where images scatter around one half, nor from fewer than three', () => {
    const open = judge([48, 52, 54, 50, 55], { moves: [-6, 0, 6] });
    expect(open.outcome).toBe('cannot tell');
    // The means of the three images, less one half: -4.2, 1.8 and 7.8 points.
    expect(open.parts[0]!.effect!.estimate).toBeCloseTo(0.018, 10);
    expect(open.parts[0]!.effect!.high).toBeCloseTo(0.018 + (4.302652729911275 * 0.06) / Math.sqrt(3), 8);
    const one = judge([90, 85, 80, 88, 92], { moves: [0] });
    expect(one.outcome).toBe('cannot tell');
    expect(one.reason).toContain('complete spectra at 1 image; expected at least 3');
    expect(one.parts[0]!.effect).toMatchObject({ estimate: expect.closeTo(0.37, 10), low: null, high: null });
    expect(judge([60, 65], { once: 2, moves: [0, 1, 2] }).outcome).toBe('cannot tell');
  });

  it('does not speak for units that were left out: what they may have decides', () => {
    const chosen = [60, 62, 64, 61];
    expect(judge(chosen).outcome).toBe('agrees');
    const without = judge(chosen, { more: ['costly0', 'costly1', 'costly2'] });
    expect(without.outcome).toBe('cannot tell');
    expect(without.numbers.missing).toEqual(['costly0', 'costly1', 'costly2']);
    expect(
      judge(
        Array<number>(20)
          .fill(95)
          .map((s, i) => s + (i % 3)),
        { more: ['costly'] },
      ).outcome,
    ).toBe('agrees');
  });

  it('is not testable without a complete spectrum', () => {
    expect(mostAreOne(spectrum([[block('unit0', [2, 1], false)]]), active(['unit0'])).outcome).toBe(
      'not testable here',
    );
  });

  it('counts values by their distance from the plateau', () => {
    const values = [1, 1 + 5e-6, 1.005, 0.97, 1.2];
    const [unit] = mostAreOne(spectrum([[block('unit0', values)]]), []).numbers.units;
    expect(unit!.within).toEqual([0.4, 0.6, 0.8]);
  });
});

describe('F2, little difference between images', () => {
  /** Units of two kinds; each value differs by about `image` between images and by `unit` between units. */
  const made = (images: number, image: number, unit: number) => {
    const draw = new RandomStream({ seed: 5, purpose: 'spectra' });
    const shapes = names(4).map(() => Array.from({ length: 50 }, () => 1 + unit * draw.normal()));
    return spectrum(
      Array.from({ length: images }, () =>
        shapes.map((values, i) =>
          block(
            `unit${i}`,
            values.map((v) => v + image * draw.normal()).sort((a, b) => b - a),
          ),
        ),
      ),
    );
  };

  it('agrees where images differ little, also beside units', () => {
    expect(littleBetweenImages(made(10, 0.01, 0.3)).outcome).toBe('agrees');
  });

  it('disagrees where images differ much, or more than units do', () => {
    expect(littleBetweenImages(made(10, 0.8, 0.3)).outcome).toBe('disagrees');
    // All near 1: slight in itself, but an image tells as much as a unit does.
    const alike = littleBetweenImages(made(10, 0.02, 0));
    expect(alike.parts[0]!.outcome).toBe('agrees');
    expect(alike.outcome).not.toBe('agrees');
  });

  it('cannot tell from two images, and declines with one', () => {
    const two = littleBetweenImages(made(2, 0.01, 0.3));
    expect(two.outcome).toBe('cannot tell');
    expect(two.reason).toContain('2 images; expected at least 10');
    expect(littleBetweenImages(made(1, 0.01, 0.3)).outcome).toBe('not testable here');
  });
});

describe('F3, other scales change the spectrum', () => {
  /** Changes by scale: a row for each unit, in it a value for each image. */
  type Changes = Readonly<Record<string, readonly (readonly (number | null)[])[]>>;
  const made = (changes: Changes, of: 'skipScale' | 'weightScale' = 'skipScale') => {
    const units = Object.values(changes)[0]!.map((_, i) => `unit${i}`);
    return units.map((unit, i) => ({
      changed: [unit],
      scales: Object.entries(changes).map(([scale, rows]) => ({
        ...{ skipScale: 1, weightScale: 1, accuracy: 0, [of]: Number(scale) },
        units: rows[i]!.map((change) => ({ ...block(unit, [1]), change })),
      })),
    })) as unknown as InterventionResult[];
  };

  it('agrees, disagrees, and cannot tell by one threshold that is F2’s as well', () => {
    expect(scalesChangeMuch(made({ 0: [[0.9, 0.95, 0.92]], 2: [[0.5, 0.52, 0.55]] })).outcome).toBe('agrees');
    expect(scalesChangeMuch(made({ 0.99: [[0.01, 0.011, 0.012]], 1.01: [[0.01, 0.012, 0.011]] })).outcome).toBe(
      'disagrees',
    );
    expect(scalesChangeMuch(made({ 1.1: [[0.05, 0.3, 0.08]] })).outcome).toBe('cannot tell');
    expect(scalesChangeMuch(made({ 0: [[0.9]] })).outcome).toBe('cannot tell');
    expect(scalesChangeMuch(made({ 1: [[0.9, 0.9, 0.9]] })).outcome).toBe('not testable here');
  });

  it('is two claims, on skip connections and on weights, that must both hold', () => {
    const skip = made({ 0: [[0.9, 0.95, 0.92]], 2: [[0.5, 0.52, 0.55]] });
    const weights = (half: number, double: number) =>
      made({ 0.5: [[half, 1.01 * half, half]], 2: [[double, double, 1.01 * double]] }, 'weightScale');
    expect(scalesChangeMuch([...skip, ...weights(0.3, 0.4)]).outcome).toBe('agrees');
    const small = scalesChangeMuch([...skip, ...weights(0.04, 0.09)]);
    expect(small.outcome).toBe('disagrees');
    expect(small.reason).toContain('the values of the weights: 0 agree, 2 disagree');
    const mixed = scalesChangeMuch([...skip, ...weights(0.08, 0.16)]);
    expect(mixed.outcome).toBe('cannot tell');
    expect(mixed.reason).toContain('the values of the weights: observations contradict each other');
  });

  it('is uncertain over images and not over the units that were changed, however they differ', () => {
    const [part] = scalesChangeMuch(
      made({
        0: [
          [0.9, 0.93, 0.92],
          [0.2, 0.21, 0.2],
          [0.11, 0.12, 0.11],
        ],
      }),
    ).parts;
    const mean = Math.cbrt(0.917 * 0.203 * 0.113) / 0.1;
    expect(part!.outcome).toBe('agrees');
    expect(Math.abs(Math.log(part!.effect!.estimate / mean))).toBeLessThan(0.01);
    expect(part!.effect!.high! / part!.effect!.low!).toBeLessThan(1.3);
    // Three units at one image say nothing of images.
    const one = scalesChangeMuch(made({ 0: [[0.9], [0.8], [0.7]] }));
    expect(one.outcome).toBe('cannot tell');
    expect(one.parts[0]!.reason).toBe('complete spectra at 1 image; expected at least 3');
  });

  it('leaves out spectra that are not complete, and takes no change at all for one below rounding', () => {
    const some = scalesChangeMuch(
      made({
        0: [
          [0.9, 0.95, 0.92],
          [null, null, null],
        ],
      }),
    );
    expect(some.parts[0]).toMatchObject({ outcome: 'agrees', effect: { count: 3 } });
    const gaps = scalesChangeMuch(made({ 0: [[0.9, 0.95, 0.92, null]] }));
    expect(gaps.parts[0]).toMatchObject({
      outcome: 'cannot tell',
      reason: 'no unit has complete spectra at all of the images',
    });
    expect(scalesChangeMuch(made({ 0.5: [[0, 0, 0]] })).outcome).toBe('disagrees');
  });
});

describe('F4, adversarial perturbations jump at the end', () => {
  const ratio = (value: number, logError = 0.03, images = 50): MeanRatio => ({
    ...{ ratio: value, low: value * Math.exp(-2 * logError), high: value * Math.exp(2 * logError) },
    ...{ logError, images },
  });
  const made = (
    end: { readonly adversarial: MeanRatio; readonly random: MeanRatio },
    finalOver: readonly MeanRatio[],
  ): GrowthByStage => {
    const stage = (name: string, finalOverThis: MeanRatio | null) => ({
      ...{ stage: name, toRandom: ratio(2), toShuffled: ratio(1.5), toDirected: null },
      ...{ untrainedToRandom: null, finalOverThis },
    });
    return {
      excess: [...finalOver.map((r, i) => stage(`layer${i + 1}`, r)), stage('layer3', null)],
      final: {
        ...{ stage: 'layer3', from: 'layer3.5', to: 'layer3.8' },
        ...end,
        ...{ shuffled: null, directed: null, overDirected: null, untrainedAdversarial: null },
      },
    };
  };

  it('agrees where they do, random ones do not, and the excess is largest in the final stage', () => {
    const finding = adversarialJump(made({ adversarial: ratio(3), random: ratio(1.27) }, [ratio(1.9), ratio(2.8)]));
    expect(finding.outcome).toBe('agrees');
    expect(finding.parts.length).toBe(4);
  });

  it('disagrees where everything is amplified alike: generic growth is no jump', () => {
    const generic = made({ adversarial: ratio(3), random: ratio(3) }, [ratio(1), ratio(1)]);
    expect(adversarialJump(generic).outcome).toBe('disagrees');
    expect(adversarialJump(made({ adversarial: ratio(1.1), random: ratio(1.1) }, [ratio(2), ratio(2)])).outcome).toBe(
      'disagrees',
    );
    expect(adversarialJump(made({ adversarial: ratio(3), random: ratio(1.2) }, [ratio(0.5), ratio(2)])).outcome).toBe(
      'disagrees',
    );
  });

  it('cannot tell where the interval holds the threshold, and declines with few images', () => {
    const noisy = made({ adversarial: ratio(1.6, 0.2), random: ratio(1.2) }, [ratio(2), ratio(2)]);
    expect(adversarialJump(noisy).outcome).toBe('cannot tell');
    const few = made({ adversarial: ratio(3, 0.03, 5), random: ratio(1.2, 0.03, 5) }, [ratio(2, 0.03, 5)]);
    expect(adversarialJump(few).outcome).toBe('not testable here');
    expect(adversarialJump({ excess: [], final: null }).outcome).toBe('not testable here');
  });
});
