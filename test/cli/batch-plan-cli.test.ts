/** `ballast batch plan`, as a user meets it. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchPlanResult, PlanOutline } from '../../src/study/plan/index.ts';
import { ballast, type CommandResult, expectFailure, resultOf } from '../support/ballast.ts';
import { onDevices, smallPlan } from '../support/batch-plan.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-plan-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const out = (name: string) => join(root, name);

const plan = (name: string, ...more: string[]) => ballast(...smallPlan, ...more, '--out', out(name));
const parsed = (run: CommandResult) => resultOf(run.stdout) as BatchPlanResult;

describe('ballast batch plan', () => {
  let first: BatchPlanResult;
  beforeAll(async () => {
    const run = await plan('straight', ...onDevices, '--json');
    expect(run.status).toBe(0);
    first = parsed(run);
  });

  it('prints one JSON object, and keeps it with a report', () => {
    expect(resultOf(readFileSync(join(out('straight'), 'plan.json'), 'utf8'))).toEqual(first);
    const report = readFileSync(join(out('straight'), 'report.html'), 'utf8');
    expect(report).toContain('Batch size for resnet8 on shapes');
    expect(report).not.toMatch(/NaN|undefined|Infinity/);
    const { low, value, high } = first.criticalBatch;
    expect(low).toBeLessThanOrEqual(value);
    expect(high ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(value);
    expect(first.run).toMatchObject({ steps: 24, batchSize: 32, microBatch: 8 });
  });

  it('marks a total as modelled and a step as measured only on one device', () => {
    expect(first.ways.map((w) => [w.batchSize, w.devices])).toEqual(
      [8, 16, 64].flatMap((b) => [1, 2, 4].map((d) => [b, d])),
    );
    const timed = new Set(first.stepTime.points.map((p) => p.batchSize));
    for (const way of first.ways) {
      expect(way.seconds.provenance).toBe('modelled');
      const measured = way.devices === 1 && timed.has(way.batchSize);
      expect(way.stepSeconds.provenance).toBe(measured ? 'measured' : 'modelled');
      expect(way.seconds.value).toBeCloseTo(way.steps.value * way.stepSeconds.value, 9);
      expect(way.money!.value).toBeCloseTo((1.2 * way.devices * way.seconds.value) / 3600, 9);
    }
    expect(first.link).toEqual({ bandwidth: 1e10, latency: 5e-5, source: 'given' });
  });

  it('says what it cost, against the trainings that it replaces', () => {
    const { cost, ways } = first;
    const study = ways.filter((w) => w.devices === 1).reduce((sum, w) => sum + w.seconds.value, 0);
    expect(cost.studySeconds).toBeCloseTo(study, 9);
    expect(cost.seconds).toBeCloseTo(cost.runSeconds + cost.timingSeconds, 9);
    expect(cost.share).toBeCloseTo(cost.seconds / study, 9);
  });

  it('goes on when the same is asked for again, and measures nothing twice', async () => {
    const again = parsed(await plan('straight', ...onDevices, '--json'));
    // All but when it was, and what setting out again has cost.
    const measured = ({ cost: _, environment: __, ...rest }: BatchPlanResult) => rest;
    expect(measured(parsed(await plan('straight', ...onDevices, '--json', '--resume')))).toEqual(measured(again));
    expect(again.criticalBatch).toEqual(first.criticalBatch);
    expect(again.stepTime).toEqual(first.stepTime);
    for (const how of [[], ['--resume']])
      expectFailure(await plan('straight', ...how, '--lr', '0.01'), 2, /lr is 0\.05, not 0\.01/);
  });

  it('computes nothing with --dry-run', async () => {
    const run = await plan('dry', '--dry-run', '--json');
    const outline = resultOf(run.stdout) as PlanOutline;
    expect(outline).toMatchObject({ batchSizes: [8, 16, 64], reference: { batchSize: 32 } });
    expect(outline.run).toMatchObject({ length: '24st', microBatch: 8, logEvery: '1st' });
    expect(existsSync(out('dry'))).toBe(false);
  });

  it.each([
    [['--bandwidth', '10'], /--bandwidth: a link between devices has both a bandwidth and a latency/],
    [['--grow-at', '2ep'], /unknown option '--grow-at'/],
  ])('refuses %j', async (more, message) => {
    const run = await plan('refused', ...more);
    expect([run.status, run.stdout]).toEqual([2, '']);
    expect(run.lines.join('\n')).toMatch(message);
    expect(existsSync(out('refused'))).toBe(false);
  });
});
