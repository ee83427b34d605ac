import { describe, expect, it } from 'vitest';
import { renderBatchPlanReport } from '../../../src/report/study/plan-report.ts';
import { comparisonText, nextText, planSentences } from '../../../src/report/study/plan-sentences.ts';
import { batchPlanTable } from '../../../src/report/study/plan-table.ts';
import { pointOf, stepTimeCurve } from '../../../src/study/cost/index.ts';
import { comparePlan, planFrom } from '../../../src/study/plan/index.ts';
import { syntheticPlan as inputs } from '../synthetic-plan.ts';

const alone = planFrom(inputs);
const together = planFrom({
  ...inputs,
  devices: [1, 2, 4, 8],
  link: { bandwidth: 1e10, latency: 5e-5, source: 'given' },
  price: 1.2,
});

describe('what a plan says', () => {
  it('names the critical batch, how it grew, and where to train', () => {
    const text = planSentences(alone).join('\n');
    expect(text).toContain('640 (500 to 870) images');
    expect(text).toContain('210 (140 to 315) in steps 1 to 25');
    expect(text).toContain('1,900 (1,267 to 2,850) in steps 176 to 200');
    expect(text).toMatch(/Train at B = 64 on one device \(~[^,]+, ~[\d.]+ device-hours\)/);
    expect(text).not.toMatch(/more than 5 %|Fastest/);
  });

  it('warns when it cost more than its share of the study', () => {
    const text = planSentences(planFrom({ ...inputs, spent: { run: 1e6, timing: 0 } })).join('\n');
    expect(text).toMatch(/more than 5 %: a shorter run/);
  });

  it('warns of step times that lie on no line', () => {
    expect(planSentences(alone).join()).not.toContain('Caution');
    const times = [0.02, 0.15, 0.06, 0.4];
    const stepTime = stepTimeCurve(times.map((t, i) => pointOf({ batchSize: 8 * 2 ** i, microBatch: 8 }, [t])));
    expect(planSentences(planFrom({ ...inputs, stepTime })).join()).toMatch(/Caution: step times scatter by \d+ %/);
  });

  it('names the fastest and the cheapest of several devices, with their money', () => {
    const { fastest, cheapest } = together.recommendation;
    const text = planSentences(together).at(-2)!;
    expect(text).toContain(`Fastest is B = ${fastest.batchSize.toLocaleString('en')} on ${fastest.devices} devices`);
    expect(text).toContain(`cheapest is B = ${cheapest.batchSize} on one device`);
    expect(text).toMatch(/for ~\d/);
  });

  it.each([
    [0.2, 0.5, 'saves 20 % of the time for 50 % more cost'],
    [0.2, -0.1, 'saves 20 % of the time and 10 % of the cost'],
    [-0.2, 0.3, 'takes 20 % longer and costs 30 % more'],
    [-0.2, -0.3, 'takes 20 % longer for 30 % less cost'],
  ])('says what the next batch does (%d, %d)', (timeSaved, costExtra, text) => {
    expect(nextText({ batchSize: 2, timeSaved, costExtra })).toBe(text);
  });

  it('prints its error against a study', () => {
    const text = comparisonText(
      comparePlan(alone, { criticalBatch: { value: 1280, low: 900, high: 1600 }, seconds: 1400 }),
    );
    expect(text).toContain(
      'The plan said B_crit = 640, the study fitted 1,280: 1/2.00 of it, 1.0 doublings off, within the interval predicted for studies and outside that of the run’s own chance.',
    );
    expect(text).toContain('The plan cost 5 % of the study.');
  });
});

describe('the table of a plan', () => {
  it('is at most 100 columns wide, and marks what is modelled', () => {
    for (const plan of [alone, together]) {
      const lines = batchPlanTable(plan, { color: false }).split('\n');
      expect(Math.max(...lines.slice(0, 13).map((l) => l.length))).toBeLessThanOrEqual(100);
      // 8 to 512 were timed, the others follow from the line.
      const row = (b: string) => lines.find((l) => l.startsWith(`${b} `))!;
      if (plan === alone) {
        expect(row('512')).toMatch(/ 1 +0\.\d\d s +~/);
        expect(row('1,024')).toMatch(/ 1 +~/);
      } else expect(row('512')).toMatch(/ 8 +~/);
    }
  });
});

describe('the report of a plan', () => {
  it('is one page without scripts, with escaped names and no number that is none', () => {
    for (const plan of [alone, together]) {
      const page = renderBatchPlanReport(plan, { command: 'ballast batch plan --x <y>' });
      expect(page).toContain('Batch size for net&lt;1&gt; on a &amp; b');
      expect(page).not.toMatch(/<script|NaN|undefined|Infinity/);
      expect(page.match(/<svg/g)).toHaveLength(4);
    }
  });

  it('draws what was measured filled and what was modelled hollow, and counts both', () => {
    const page = renderBatchPlanReport(together);
    expect(page).toContain(`Filled: measured (0); hollow: modelled (${together.ways.length})`);
    expect(page).toContain('In 1 part the signal is lost in the noise');
  });
});
