import { describe, expect, it } from 'vitest';
import { spectrumFindings } from '../../../../src/report/stability/spectrum/spectrum-findings.ts';
import { disjointCounts } from '../../../../src/report/stability/spectrum/spectrum-rows.ts';
import type { BlockSpectrum, SpectrumResult, StageSpectrum } from '../../../../src/stability/index.ts';
import { syntheticSpectrum } from '../../synthetic-spectrum.ts';

/** Ten values: two above 1, five at 1, two below and one zero, of a unit with k = 2. */
const first: BlockSpectrum = {
  name: 'layer1.0',
  shape: [10, 10],
  finalRelu: false,
  method: 'dense',
  singularValues: [5.1, 2, 1, 1, 1, 1, 1, 0.5, 0.25, 0],
  complete: true,
  plateau: { value: 1, count: 5 },
  above: 2,
  below: 3,
  zero: 1,
  tolerance: 1e-5,
  activeHidden: 2,
  hiddenSize: 8,
  bound: 6,
  maxResidual: 3e-6,
  seconds: 1,
};
const second: BlockSpectrum = {
  ...first,
  name: 'layer1.1',
  singularValues: [3, 1, 1, 1, 1, 1, 1, 1, 1, 0.2],
  plateau: { value: 1, count: 8 },
  above: 1,
  below: 1,
  zero: 0,
  activeHidden: 1,
  bound: 8,
  maxResidual: 1e-6,
};
const stage: StageSpectrum = {
  ...first,
  name: 'layer1',
  singularValues: [7.65],
  complete: false,
  plateau: null,
  above: null,
  below: null,
  zero: null,
  activeHidden: null,
  hiddenSize: null,
  bound: null,
  units: ['layer1.0', 'layer1.1'],
  productOfUnitNorms: 15.3,
};

function resultOf(units: readonly BlockSpectrum[], stages: readonly StageSpectrum[] = []): SpectrumResult {
  const image = { index: 7, label: 0, predicted: 0, logits: [], units, stages };
  return { ...syntheticSpectrum({ plans: [], stages: false }), images: [image], spread: [] };
}

const sentences = (result: SpectrumResult) => spectrumFindings(result).map((f) => `${f.value} ${f.sentence}`);

describe('findings', () => {
  it('are those that one counts by hand', () => {
    expect(sentences(resultOf([first, second], [stage]))).toEqual([
      '50 % to 80 % of a unit’s singular values lie at the plateau at 1, from 5 of 10 (layer1.0) to 8 of 10 (layer1.1). They are more than half in 1 of 2 units.',
      '1 of 2 units have at least as many values at the plateau as the rank argument demands (n − 2k). Fewer in layer1.0: tolerance or residuals must be looked at.',
      '1 of 2 units have exactly k values above and exactly k below the plateau, k being the number of active inner units.',
      'σ max = 5.1 is the largest singular value of any unit, at layer1.0. The unit whose largest is smallest has 3.0 (layer1.1).',
      'σ min = 0.20 is the smallest singular value that is not zero, at layer1.1. 1 of 20 values (5 %) are zero within tolerance.',
      '13 % to 25 % of a unit’s inner units are active, fewest in layer1.1, most in layer1.0.',
      'stage σ max = 7.7 is the largest amplification by a whole stage, at layer1 (1 stage spectrum).',
      '50 % of the product of its units’ norms is what a stage’s norm reaches, e.g. 7.7 against 15 at layer1.',
      '3.0×10⁻⁶ is the largest residual of any value in this report, relative to the largest singular value of its block (layer1.0).',
    ]);
  });

  it('caution where a bound is broken, a spectrum is incomplete or an image is misread', () => {
    const { plateau: _, ...rest } = second;
    const leading = {
      ...rest,
      plateau: null,
      complete: false,
      singularValues: [3],
      above: null,
      below: null,
      zero: null,
      bound: null,
    };
    const result = resultOf([first, leading]);
    const wrong = { ...result, images: [{ ...result.images[0]!, predicted: 1 }] };
    const cautions = spectrumFindings(wrong).filter((f) => f.caution);
    expect(cautions.map((f) => f.value)).toEqual(['0 of 1', '1 of 2', '1 of 1']);
  });

  it('say nothing of a plateau, of zeros or of a smallest value when only leading values are known', () => {
    const leading = {
      ...second,
      plateau: null,
      complete: false,
      singularValues: [3, 2],
      above: null,
      below: null,
      zero: null,
      bound: null,
    };
    const text = sentences(resultOf([leading])).join('\n');
    expect(text).not.toMatch(/plateau|zero|smallest/);
    expect(text).toContain('σ max = 3.0 is the largest singular value of layer1.1.');
  });

  it('are none without measurements', () => {
    expect(spectrumFindings(resultOf([]))).toEqual([]);
  });
});

describe('disjointCounts', () => {
  it('adds up to the number of values, zeros counted once', () => {
    expect(disjointCounts(first)).toEqual({ above: 2, at: 5, below: 2, zero: 1 });
  });

  it('counts the zeros of a unit without skip connection at its plateau only', () => {
    const counts = disjointCounts({ ...first, plateau: { value: 0, count: 6 }, above: 4, below: 0, zero: 6 });
    expect(counts).toEqual({ above: 4, at: 6, below: 0, zero: 0 });
  });
});
