import { describe, expect, it } from 'vitest';
import { fastestBatchOnOneDevice, pointOf, stepTimeCurve } from '../../../src/study/cost/index.ts';
import { comparePlan } from '../../../src/study/plan/compare.ts';
import { type CostTable, costsAt, costTable } from '../../../src/study/plan/cost-table.ts';
import type { BatchPlanResult } from '../../../src/study/plan/plan-result.ts';
import { recommend } from '../../../src/study/plan/recommendation.ts';

const batchSizes = Array.from({ length: 11 }, (_, i) => 8 * 2 ** i);
const [overhead, perExample] = [0.02, 5e-4];
const table: CostTable = {
  stepTime: stepTimeCurve(batchSizes.map((b) => pointOf({ batchSize: b, microBatch: b }, [overhead + b * perExample]))),
  cluster: { gradientBytes: 1e6, link: { bandwidth: 1e10, latency: 1e-5, source: 'given' } },
  criticalBatch: { value: 500, low: 300, high: 900 },
  reference: { batchSize: 128, steps: 2000 },
  batchSizes,
  devices: [1],
};

describe('the cost table', () => {
  it('has the known training as it is, whatever the critical batch', () => {
    const row = costTable(table, 1).find((r) => r.batchSize === 128)!;
    const seconds = 2000 * (overhead + 128 * perExample);
    expect(row.cost.steps.value).toBeCloseTo(2000, 9);
    for (const s of [row.cost.seconds.value, row.seconds.low, row.seconds.high]) expect(s).toBeCloseTo(seconds, 9);
  });

  it('has ends that the ends of the critical batch give', () => {
    const row = costTable(table, 1).find((r) => r.batchSize === 1024)!;
    const seconds = (scale: number) => (2000 * (1 + scale / 1024) * (overhead + 1024 * perExample)) / (1 + scale / 128);
    expect(row.cost.seconds.value).toBeCloseTo(seconds(500), 9);
    expect(row.seconds.low).toBeCloseTo(seconds(900), 9);
    expect(row.seconds.high).toBeCloseTo(seconds(300), 9);
    expect(row.stepsRelative).toEqual({ value: 1 + 500 / 1024, low: 1 + 300 / 1024, high: 1 + 900 / 1024 });
    expect(row.examplesRelative.low).toBeCloseTo(1 + 1024 / 900, 12);
    expect(row.examplesRelative.high).toBeCloseTo(1 + 1024 / 300, 12);
  });

  it('has linear scaling as the end of a critical batch that is not bounded', () => {
    const rows = costTable({ ...table, criticalBatch: { value: 500, low: 300, high: null } }, 1);
    const [small, large] = [64, 256].map((b) => rows.find((r) => r.batchSize === b)!);
    expect(small!.seconds.high).toBeCloseTo(4000 * (overhead + 64 * perExample), 4);
    expect(large!.seconds.low).toBeCloseTo(1000 * (overhead + 256 * perExample), 4);
    expect(small!.stepsRelative.high).toBeNull();
    expect(large!.examplesRelative.low).toBe(1);
  });

  it('says what each doubling saves and costs', () => {
    const rows = costTable({ ...table, devices: [1, 2, 4] }, 4);
    expect(rows.every((r) => r.cost.devices === 4)).toBe(true);
    for (const [i, row] of rows.entries()) {
      const after = rows[i + 1];
      if (!after) expect(row.next).toBeNull();
      else {
        expect(row.cost.seconds.value * (1 - row.next!.timeSaved)).toBeCloseTo(after.cost.seconds.value, 9);
        expect(row.cost.deviceHours.value * (1 + row.next!.costExtra)).toBeCloseTo(after.cost.deviceHours.value, 9);
      }
    }
    expect(rows.every((r) => r.cost.seconds.provenance === 'modelled')).toBe(true);
  });
});

describe('rows on several devices', () => {
  it('are on the number that is asked for; a batch that cannot be shared by so many is compared with none', () => {
    const rows = costTable({ ...table, devices: [1, 2, 16] }, 16);
    expect(rows.map((r) => r.cost.devices)).toEqual(batchSizes.map((b) => (b < 16 ? 2 : 16)));
    expect(rows[0]!.next).toBeNull();
    expect(rows[1]!.next).not.toBeNull();
  });
});

describe('the recommendation', () => {
  it('on one device is the batch of the table that is nearest to the closed form', () => {
    const best = fastestBatchOnOneDevice(500, table.stepTime.fit);
    expect(best).toBeCloseTo(Math.sqrt((500 * overhead) / perExample), 3);
    const { way, between, nearly, fastest, cheapest } = recommend(table);
    expect(way.batchSize).toBe(128);
    expect(Math.abs(Math.log2(way.batchSize / best))).toBeLessThan(1);
    expect(fastest).toEqual(way);
    expect(cheapest).toEqual(way);
    expect(between.low).toBeLessThanOrEqual(128);
    expect(between.high).toBeGreaterThanOrEqual(128);
    const all = costsAt(table, 500);
    const alike = all.filter((c) => c.seconds.value <= 1.1 * way.seconds.value).map((c) => c.batchSize);
    expect([nearly.low, nearly.high]).toEqual([Math.min(...alike), Math.max(...alike)]);
  });

  it('on many devices is a larger batch, faster than the cheapest and cheaper than the fastest', () => {
    const { way, fastest, cheapest } = recommend({ ...table, devices: [1, 2, 4, 8, 16, 32] });
    expect(way.batchSize).toBeGreaterThan(128);
    expect(way.seconds.value).toBeLessThan(cheapest.seconds.value);
    expect(way.deviceHours.value).toBeLessThanOrEqual(fastest.deviceHours.value);
  });

  it('moves with the critical batch, and says where to at the end of the run', () => {
    expect(recommend(table).late).toBeNull();
    const { way, late } = recommend(table, { value: 8000, low: 4000, high: null });
    expect(late).toBe(recommend({ ...table, criticalBatch: { value: 8000, low: 8000, high: 8000 } }).way.batchSize);
    expect(late).toBeGreaterThan(way.batchSize);
  });

  it('needs something to choose from', () => {
    expect(() => recommend({ ...table, devices: [100_000] })).toThrow(/no batch size can be shared/);
  });
});

describe('a plan against the study', () => {
  const plan = {
    criticalBatch: table.criticalBatch,
    ways: costsAt(table, 500).map((w) => ({ ...w, pareto: false })),
    recommendation: recommend(table),
    cost: { seconds: 30 },
    prediction: { interval: { value: 600, low: 150, high: 2400 }, count: 5, reason: null },
  } as unknown as BatchPlanResult;

  it('that found the same has no error and no regret', () => {
    expect(comparePlan(plan, { criticalBatch: { value: 500, low: 400, high: 600 }, seconds: 1000 })).toEqual({
      predicted: 500,
      fitted: 500,
      ratio: 1,
      doublings: 0,
      covered: true,
      foreseen: true,
      overlap: true,
      regret: 0,
      costShare: 0.03,
    });
  });

  it('that found another has its error, and what believing the plan would have cost', () => {
    const found = comparePlan(plan, { criticalBatch: { value: 8000, low: 2000, high: null } });
    expect(found).toMatchObject({ ratio: 1 / 16, doublings: 4, covered: false, foreseen: false, overlap: false });
    expect(found.costShare).toBeNull();
    const time = (b: number) => (1 + 8000 / b) * (overhead + b * perExample);
    expect(found.regret).toBeCloseTo(time(128) / Math.min(...batchSizes.map(time)) - 1, 9);
    expect(found.regret).toBeGreaterThan(0.1);
  });

  it('without an interval overlaps with nothing that is known', () => {
    const found = comparePlan(plan, { criticalBatch: { value: 400, low: null, high: null } });
    expect([found.covered, found.overlap]).toEqual([true, null]);
  });

  it('may lie outside of the chance of its own run and be foreseen all the same, unless nothing is', () => {
    const other = { criticalBatch: { value: 2000, low: 1500, high: 2500 } };
    expect(comparePlan(plan, other)).toMatchObject({ covered: false, foreseen: true });
    const blind = { ...plan, prediction: { interval: null, count: 1, reason: 'too few' } };
    expect(comparePlan(blind, other)).toMatchObject({ covered: false, foreseen: null });
  });
});
