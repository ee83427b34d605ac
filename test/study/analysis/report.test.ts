import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { batchTable } from '../../../src/report/index.ts';
import { renderBatchReport } from '../../../src/report/pages.ts';
import { reportOf, tradeoffSteps } from '../../../src/study/analysis/index.ts';
import { richStudy, richWorkloads } from '../synthetic-studies.ts';

const study = richStudy();
const linearErrors = [16, 64, 256, 1024].map((batchSize) => ({
  workload: 'narrow',
  strategy: 'LSR',
  batchSize,
  rate: (0.1 * batchSize) / 16,
  error: batchSize / 200,
  absolute: batchSize / 150,
  at: 'at the start',
}));
const report = reportOf(study, { cost: { table: 'of the planner' }, linearErrors });
const workload = (name: string) => report.workloads.find((w) => w.name === name)!;
const strategy = (name: string, of: string) => workload(name).strategies.find((s) => s.name === of)!;
const statement = (id: string) => report.statements.find((s) => s.id === id)!;

/** Steps at the best of three rates and the middle seed, as the study was made. */
function steps(critical: number, batchSize: number, rule: 'BLR' | 'LSR'): number {
  const best = 0.1 / 16 / (1 / batchSize + 1 / critical);
  const off = [0.05, 0.1, 0.2].map((base) => {
    const rate = rule === 'LSR' ? (base * batchSize) / 16 : base;
    return rate > 20 ? Number.POSITIVE_INFINITY : Math.exp(0.5 * Math.abs(Math.log(rate / best)));
  });
  // The curve ends at 0.01 where 2 * 0.005^(s / steps) does: after all of the steps.
  return 50 * (1 + critical / batchSize) * Math.min(...off);
}

describe('the report of a study', () => {
  it('has the shape that is promised, and its cost as it was given', () => {
    expect(report.cost).toEqual({ table: 'of the planner' });
    const [first] = report.workloads;
    expect(first!.targets[0]).toMatchObject({
      name: 'training loss 0.01',
      value: 0.01,
      rule: 'absolute: training loss 0.01',
    });
    expect(first!.primaryTarget).toBe('training loss 0.01');
    expect(first!.strategies.map((s) => s.name)).toEqual(['BLR', 'BLR, rate kept', 'LSR', 'LSR, rate kept']);
    for (const s of first!.strategies) {
      expect(s.byTarget.map((t) => t.target)).toEqual(['training loss 0.01', 'held-out quartile']);
      expect(s.byTarget[0]!.points).toEqual(s.points);
    }
    // Everything survives JSON: nothing infinite or NaN is in it.
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('gives the steps that the study was made with, to the resolution of its evaluations', () => {
    for (const { name, critical } of richWorkloads)
      for (const rule of ['BLR', 'LSR'] as const)
        for (const p of strategy(name, rule).points) {
          if (p.stepsToTarget.median === null) continue;
          // Exponential curves are evaluated at 40 places and read linearly between them: late by a share of a place.
          expect(p.stepsToTarget.median / steps(critical, p.batchSize, rule)).toBeGreaterThan(0.95);
          expect(p.stepsToTarget.median / steps(critical, p.batchSize, rule)).toBeLessThan(1.1);
        }
  });

  it('counts batches that a smaller one beats with the steps of that one, and says which', () => {
    const { criticalBatch, points } = strategy('narrow', 'LSR');
    const least = Math.min(...points.map((p) => p.stepsToTarget.median ?? Number.POSITIVE_INFINITY));
    const behind = points.filter((p) => p.batchSize > 512 && p.stepsToTarget.median! > 1.25 * least);
    expect(criticalBatch.dominated).toEqual(behind.map((p) => p.batchSize));
    const { fit } = criticalBatch;
    for (const p of points.filter((q) => q.batchSize <= 512))
      expect(tradeoffSteps(fit!, p.batchSize) / p.stepsToTarget.median!).toBeCloseTo(1, 0);
  });

  it('puts the noise scale near the target beside B_crit', () => {
    for (const { name, critical } of richWorkloads)
      for (const row of workload(name).noiseScale.filter(
        (r) => r.strategy === 'LSR' && r.target === 'training loss 0.01',
      )) {
        // 0.3 + 0.9 s / steps is 1.2 times the critical batch at the target.
        expect(row.nearTarget.median! / (1.2 * critical)).toBeGreaterThan(0.93);
        expect(row.nearTarget.median! / (1.2 * critical)).toBeLessThan(1.07);
        expect(row.batchSize).toBeGreaterThanOrEqual(32);
        expect(row.ratio).toBeCloseTo(row.nearTarget.median! / row.criticalBatch!, 9);
      }
  });

  it('gives the generalization gap at equal training loss', () => {
    for (const row of workload('narrow').generalization.filter((r) => r.strategy === 'LSR')) {
      if (row.gapAtTarget.median === null) continue;
      // The held-out curve is the training one and 0.2 (1 - 0.005) (1 + B / 4096) at the target.
      expect(row.gapAtTarget.median / (0.2 * 0.995 * (1 + row.batchSize / 4096))).toBeCloseTo(1, 2);
    }
  });

  it('has contours that fall along every row and stop where the curves do', () => {
    for (const contour of workload('wide').contours) {
      expect(contour.values).toHaveLength(contour.batchSizes.length);
      for (const row of contour.values) {
        const known = row.filter((v) => v !== null);
        expect(known.length).toBeGreaterThan(5);
        known.slice(1).forEach((v, i) => {
          expect(v).toBeLessThanOrEqual(known[i]! * (1 + 1e-12));
        });
      }
      expect(contour.values[0]!.at(0)).not.toBe(undefined);
    }
  });

  it('compares workloads that differ in one factor', () => {
    const pairs = report.comparison.contrasts.map((c) => `${c.factor}: ${c.from.workload} / ${c.to.workload}`);
    expect([...new Set(pairs)].sort()).toEqual(['fraction: narrow / narrow, half', 'model: narrow / wide']);
    const fraction = report.comparison.contrasts.filter((c) => c.factor === 'fraction');
    for (const c of fraction.filter((x) => x.ratio !== null)) expect(c.ratio).toBe(1);
    const model = report.comparison.contrasts.find((c) => c.factor === 'model' && c.strategy === 'LSR')!;
    expect(model.ratio!).toBeGreaterThan(2);
    expect(model.interval!.low).toBeGreaterThan(1);
  });
});

describe('the statements of the paper', () => {
  it('are judged by all observations: the study was made for these verdicts', () => {
    expect(statement('scaled-rates')).toMatchObject({ verdict: 'agrees', agreeing: 14, testable: 19 });
    // LSR was made to overshoot at 4096, where BLR has the narrow network's best rate.
    expect(statement('scaled-rates-fail')).toMatchObject({ verdict: 'agrees', agreeing: 4, testable: 4 });
    expect(statement('tuning')).toMatchObject({ verdict: 'agrees', agreeing: 3 });
    // The same curves twice: where the fit is good they are shown to be the same, where it is bad nothing is.
    expect(statement('fraction')).toMatchObject({ verdict: 'agrees', agreeing: 2, testable: 4 });
    // The absolute error crosses 1 at batch 150, and the curve of the narrow network bends near there.
    expect(statement('linear-approximation')).toMatchObject({ verdict: 'agrees', agreeing: 1 });
    // All three seeds reach the target at the largest batch, but for one whose budget was too short to tell.
    expect(statement('out-of-reach')).toMatchObject({ verdict: 'disagrees', agreeing: 0, testable: 5 });
    const short = statement('out-of-reach').observations.find((o) => o.where.startsWith('wide, BLR'))!;
    expect(short).toMatchObject({
      outcome: 'not testable here',
      reason: expect.stringContaining('the budget ended every training before 3 times'),
    });
  });

  it('that the study cannot judge are said to be so, and why', () => {
    for (const id of ['dataset', 'complexity'])
      expect(statement(id)).toMatchObject({ verdict: 'not testable here', agreeing: 0 });
    const without = reportOf(study);
    expect(without.statements.find((s) => s.id === 'linear-approximation')!.verdict).toBe('not testable here');
  });

  it('have numbers in every observation', () => {
    for (const s of report.statements.filter((x) => x.verdict !== 'not testable here')) {
      expect(s.agreeing).toBeLessThanOrEqual(s.evidence.length);
      for (const e of s.evidence) expect(e).toMatch(/\d/);
    }
  });
});

describe('the page', () => {
  const page = renderBatchReport(report, {
    made: { ballast: '0.1.0', date: '2026-01-02T03:04:05.678Z' },
    command: 'ballast batch report <dir>',
  });
  const { document } = parseHTML(page);

  it('stands by itself: no scripts, nothing fetched, text escaped', () => {
    expect(document.querySelectorAll('script, link, img[src^="http"]')).toHaveLength(0);
    expect(page).toContain('ballast batch report &lt;dir&gt;');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has a figure of every kind, with a label for who cannot see it', () => {
    const titles = [...document.querySelectorAll('figure h3')].map((h) => h.textContent);
    for (const kind of [
      'Steps to the target',
      'Speed-up',
      'Critical batch sizes',
      'Trade-off',
      'Gradient noise scale',
      'Loss over batch size',
      'Generalization',
      'Performance profiles',
      'Linear-approximation error',
    ])
      expect(titles.some((t) => t!.startsWith(kind))).toBe(true);
    for (const svg of document.querySelectorAll('figure svg')) expect(svg.getAttribute('aria-label')).toBeTruthy();
  });

  it('marks points that did not get there, in the figure and in the table', () => {
    const missing = report.workloads.flatMap((w) =>
      w.strategies.flatMap((s) => s.byTarget.flatMap((t) => t.points.filter((p) => p.stepsToTarget.median === null))),
    );
    expect(missing.length).toBeGreaterThan(3);
    expect(document.querySelectorAll('tr.incomplete')).toHaveLength(missing.length);
  });

  it('has a terminal table with the same numbers', () => {
    const table = batchTable(report, { color: false });
    const p = strategy('wide', 'BLR, rate kept').points.find((x) => x.batchSize === 256)!;
    expect(p).toMatchObject({ reached: 0, censored: 3 });
    expect(table).toContain(`> ${p.stepsAtLeast}`);
    expect(table.split('\n').every((l) => l.length <= 160)).toBe(true);
    expect(table).toContain('* the best rate is at the edge of its grid');
  });
});
