import { describe, expect, it } from 'vitest';
import {
  bulkWidth,
  densityCurve,
  fineWidth,
  nodeRange,
} from '../../../../src/report/stability/curvature/curvature-curve.ts';
import { renderCurvatureReport } from '../../../../src/report/stability/curvature/curvature-report.ts';
import { curvatureTable } from '../../../../src/report/stability/curvature/curvature-table.ts';
import type { CurvatureResult } from '../../../../src/stability/index.ts';
import { curvatureDensity as density, syntheticCurvature as result } from '../../synthetic-curvature.ts';

describe('the curve of a density', () => {
  it('integrates to 1, and one eigenvalue alone stands above its floor', () => {
    const [low, high] = nodeRange(density);
    expect([low, high]).toEqual([-0.5, 10]);
    const { points, floor } = densityCurve(density, 10_000, [low - 1, high + 1], { count: 4000 });
    const step = points[1]!.x - points[0]!.x;
    // But for the floor that empty stretches are lifted to.
    expect(Math.abs(points.reduce((s, p) => s + p.y * step, 0) - 1)).toBeLessThan(floor * (high - low + 2));
    const peak = points.findLast((p) => Math.abs(p.x - 10) < step)!.y;
    // Half of 0.00005 + 0.0001: three quarters of one eigenvalue of ten thousand.
    expect(peak / floor).toBeCloseTo(3.75, 1);
  });

  it('is smoothed over the distance of the nodes in the bulk', () => {
    expect(fineWidth([-1, 1])).toBe(0.02);
    expect(bulkWidth(density, [-1, 1])).toBeCloseTo(0.3, 12);
    expect(bulkWidth(density, [-400, 600])).toBe(10);
  });

  it('holds for a spectrum of one point', () => {
    const point = { ...density, rules: [{ nodes: [0], weights: [1] }] };
    expect(nodeRange(point)).toEqual([0, 0]);
    expect(renderCurvatureReport({ ...result, density: point })).toContain('<svg');
    expect(curvatureTable({ ...result, density: point }, { color: false })).toContain('density');
  });
});

describe('the table of curvature', () => {
  const lines = (r: CurvatureResult) => curvatureTable(r, { color: false }).split('\n');

  it('has a line for every eigenvalue with its residual, and errors where there are some', () => {
    const text = lines(result).join('\n');
    expect(text).toMatch(/largest +10\.000 +2\.0e-6\n +4\.0000 +5\.0e-5\nsmallest +-0\.50000 +1\.0e-5/);
    expect(text).toContain('130.0 ± 4.0 over 2 probes');
    expect(text).toMatch(/below -0\.0010 +10 % ± 2 % of the eigenvalues/);
    expect(Math.max(...lines(result).map((l) => l.length))).toBeLessThanOrEqual(100);
  });

  it('says what is missing', () => {
    const short = { ...result, wanted: { largest: 5, smallest: 2 } };
    expect(lines(short)).toContain('3 of the largest and 1 of the smallest did not converge and are not listed');
    expect(renderCurvatureReport(short)).toContain('3 of the largest and 1 of the smallest did not converge');
    const one = { ...result, trace: { value: 130, standardError: null, probes: 1 }, density: null };
    expect(lines(one).join('\n')).toContain('130.0 (one probe: no error) over 1 probe');
    expect(lines(one).join('\n')).not.toContain('density');
  });
});

describe('the report of curvature', () => {
  it('is one page that fetches nothing, with names escaped', () => {
    const page = renderCurvatureReport(result, { command: 'ballast curvature --model "net<1>"' });
    expect(page).toContain('Curvature of net&lt;1&gt;');
    expect(page).toContain('a &amp; b');
    expect(page).not.toMatch(/(src|href)="https?:|<script|NaN|undefined/);
    expect(page.match(/<svg/g)?.length).toBe(2);
    expect(renderCurvatureReport({ ...result, density: null })).not.toContain('<svg');
  });
});
