import { describe, expect, it } from 'vitest';
import { GraphBuilder, tensor } from '../../src/onnx/index.ts';
import { renderAlignmentReport } from '../../src/report/stability/branches/alignment-report.ts';
import { alignmentTable } from '../../src/report/stability/branches/alignment-table.ts';
import { renderConvolutionsReport } from '../../src/report/stability/branches/convolutions-report.ts';
import { convolutionsTable } from '../../src/report/stability/branches/convolutions-table.ts';
import { renderEigenvaluesReport } from '../../src/report/stability/branches/eigenvalues-report.ts';
import { eigenvaluesTable } from '../../src/report/stability/branches/eigenvalues-table.ts';
import { measureAlignment, measureConvolutions, measureEigenvalues } from '../../src/stability/index.ts';
import { type MatrixUnit, residualNetwork, twoImages } from '../support/residual-network.ts';

const [height, width, n] = [3, 4, 12];
const rank = (sign: number): MatrixUnit => ({
  w1: Float64Array.from({ length: 2 * n }, (_, i) => Math.sin(1 + i)),
  w2: Float64Array.from({ length: 2 * n }, (_, i) => (sign * Math.cos(1 + i)) / 4),
  bias: [100, 100],
});
const dead: MatrixUnit = { ...rank(1), bias: [-1e3, -1e3] };
const request = (units: readonly MatrixUnit[]) => ({
  network: residualNetwork(height, width, units),
  dataset: twoImages(height, width),
  images: [0, 1],
  top: 2,
});
const convolution = (values: number) => {
  const b = new GraphBuilder('one');
  const w = b.constant(tensor('float32', [2, 1, 3, 3], new Float32Array(18).fill(values)), 'conv.weight');
  b.output('y', b.conv(b.input('image', 'float32', [1, 1, height, width]), w, null, { pads: [1, 1, 1, 1] }));
  const graph = b.build();
  return measureConvolutions({
    network: { ...residualNetwork(height, width, []), graph: () => graph },
    layers: 'all',
    foldNorm: false,
    method: 'auto',
    top: 2,
  });
};

/** No figure without marks, no number that is none. */
function expectWhole(page: string, table: string): void {
  expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  expect(table).not.toMatch(/NaN|undefined|Infinity|\[object/);
  for (const svg of page.match(/<svg[\s\S]*?<\/svg>/g) ?? []) expect(svg).toMatch(/<(circle|path|rect|line)/);
}

describe('the reports beyond the paper', () => {
  it('of eigenvalues have a plane for each unit, also for one that does nothing', async () => {
    const result = await measureEigenvalues({
      ...request([rank(1), dead]),
      units: 'all',
      method: 'auto',
    });
    const page = renderEigenvaluesReport(result, { command: 'ballast eigenvalues' });
    expect(page.match(/Eigenvalues of blocks\.\d in the complex plane/g)?.length).toBe(2);
    expectWhole(page, eigenvaluesTable(result, { color: false }));
    expect(eigenvaluesTable(result, { color: false })).toMatch(/blocks\.1 +0 +12 +0 +0/);
  });

  it('of alignment have four matrices for a stage, with dead branches too', async () => {
    for (const units of [
      [rank(1), rank(-1), rank(1)],
      [dead, dead],
    ]) {
      const result = await measureAlignment(request(units));
      const page = renderAlignmentReport(result);
      expect(page.match(/aria-label="(U|V|J)/g)?.length).toBe(4);
      expectWhole(page, alignmentTable(result, { color: false }));
    }
  });

  it('of convolutions tell the truth and the approximation apart, and draw nothing for a layer of zeros', async () => {
    const result = await convolution(0.5);
    const page = renderConvolutionsReport(result);
    expect(page).toContain('circular formula: an approximation');
    expect(page).toContain('aria-label="Sorted singular values of conv"');
    expectWhole(page, convolutionsTable(result, { color: false }));
    const zeros = await convolution(0);
    expect(renderConvolutionsReport(zeros)).not.toContain('<svg');
    expectWhole(renderConvolutionsReport(zeros), convolutionsTable(zeros, { color: false }));
  });
});
