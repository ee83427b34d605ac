import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { comparePlan } from '../../../src/study/plan/compare.ts';
import type { BatchPlanResult } from '../../../src/study/plan/plan-result.ts';
import { compareWithReport } from '../../../src/study/plan/study-outcomes.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-outcomes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = (name: string, content: string) => {
  writeFileSync(join(root, name), content);
  return join(root, name);
};

const way = { batchSize: 64, devices: 1, stepSeconds: { value: 0.1, provenance: 'measured' } };
const plan = {
  model: 'resnet8',
  dataset: 'cifar10',
  criticalBatch: { value: 200, low: 100, high: 300 },
  ways: [way],
  recommendation: { way },
  cost: { seconds: 10 },
  prediction: { interval: null, count: 0, reason: null },
} as unknown as BatchPlanResult;

const points = [{ rates: 4 }, { rates: 3 }];
const critical = { value: 400, low: 250, high: null, method: 'fit', reason: null };
const strategies = [
  { name: 'tuned', rates: 'tuned', keptRate: null, points, criticalBatch: critical },
  { name: 'tuned, rate kept', rates: 'kept', keptRate: 0.1, points, criticalBatch: critical },
  // Its rate was searched at one batch size and carried to the others.
  { name: 'BLR', rates: 'tuned', keptRate: 0.1, points, criticalBatch: critical },
  { name: 'LARS', rates: 'tuned', points: [{ rates: 1 }, { rates: 1 }], criticalBatch: critical },
  {
    name: 'each',
    rates: 'tuned',
    points,
    criticalBatch: { value: null, low: 900, high: null, method: 'fit', reason: 'no bend' },
  },
];
const workload = { name: 'small', model: 'resnet8', dataset: 'cifar10', fraction: 1, strategies };
const report = { study: 's', workloads: [workload, { ...workload, name: 'other', model: 'vgg11' }] };

describe('a plan against the report of a study', () => {
  it('is compared with the strategies on the same model and data that tune every batch size and show a critical batch', async () => {
    const path = file('report.json', JSON.stringify(report));
    const expected = comparePlan(plan, { criticalBatch: { value: 400, low: 250, high: null } });
    expect(await compareWithReport(plan, path)).toEqual([{ workload: 'small', strategy: 'tuned', ...expected }]);
    expect(expected).toMatchObject({ doublings: 1, covered: false, overlap: true });
  });

  it.each([
    ['nothing.json', undefined, /nothing\.json: cannot be read \(ENOENT\)/],
    ['text.json', 'text', /is no JSON/],
    ['wrong.json', '{"workloads": [{}]}', /is no report of a study: workloads\.0\.name/],
    [
      'carried.json',
      JSON.stringify({ workloads: [{ ...workload, strategies: strategies.slice(1, 4) }] }),
      /with rates tuned at every batch size/,
    ],
    ['else.json', JSON.stringify({ workloads: [] }), /has no critical batch size of resnet8 on cifar10/],
  ])('refuses %s', async (name, content, message) => {
    const path = content === undefined ? join(root, name) : file(name, content);
    await expect(compareWithReport(plan, path)).rejects.toThrow(message);
  });
});
