/** The planner's interval against the studies in `results/` that have a noise scale and a critical batch size with tuned rates. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { reportOf } from '../../../src/study/analysis/index.ts';
import { measuredInFolder } from '../../../src/study/measured/measured-in-folder.ts';
import { plansAgainstStudies, predictStudied } from '../../../src/study/plan/prediction.ts';

interface Found {
  readonly workload: string;
  /** Of the trials at batch 256. */
  readonly noise: number | null;
  /** B_crit by target. */
  readonly studied: readonly number[];
}

const tuned = 'tuned';
async function foundIn(names: readonly string[]): Promise<Found[]> {
  const studies = await Promise.all(names.map((name) => measuredInFolder(`results/${name}`)));
  return studies.flatMap((study) => {
    const trials = study.trials.filter((t) => t.strategy === tuned);
    const own = new Set(trials.map((t) => t.workload));
    const workloads = study.workloads.filter((w) => own.has(w.name));
    return reportOf({ ...study, workloads, trials }).workloads.map(({ name, strategies, noiseScale }) => {
      const analyses = strategies.find((s) => s.name === tuned)!.byTarget;
      const noise = noiseScale.find((n) => n.batchSize === 256 && n.target === analyses[0]!.target);
      return {
        workload: name,
        noise: noise?.overTraining.median ?? null,
        studied: analyses.flatMap((a) => a.criticalBatch.value ?? []),
      };
    });
  });
}
/** Of `data` these came later, with `rules`, `late`, `lowest` and `architectures`. */
const addedLater = ['cifar100', 'cifar10-f0.08', 'cifar10-f0.04'];
let found: Found[];
let later: Found[];
beforeAll(async () => {
  const data = await foundIn(['data']);
  const isLater = ({ workload }: Found) => addedLater.includes(workload);
  found = [...(await foundIn(['cifar10', 'ptb', 'camvid', 'shapes'])), ...data.filter((f) => !isLater(f))];
  later = [...(await foundIn(['rules', 'late', 'lowest', 'architectures'])), ...data.filter(isLater)];
}, 60_000);

describe('what is known of noise scales beside studies', () => {
  it('is every one of the first studies that has both, as its measurements and the published plan have it', () => {
    const both = found.filter((f) => f.noise !== null && f.noise > 1 && f.studied.length > 0);
    expect(both.map((f) => f.workload).sort()).toEqual(plansAgainstStudies.map((p) => p.workload).sort());
    for (const { workload, planned, studied, from } of plansAgainstStudies) {
      const own = both.find((f) => f.workload === workload)!;
      expect(Math.abs(own.studied[0]! / studied - 1)).toBeLessThan(0.01);
      if (from === 'trials') expect(Math.abs(own.noise! / planned - 1)).toBeLessThan(0.01);
    }
    const plan = JSON.parse(readFileSync('results/plan/plan.json', 'utf8'));
    expect(plansAgainstStudies.find((p) => p.from === 'plan')!.planned).toBeCloseTo(plan.result.criticalBatch.value, 0);
  });

  it('gives an interval that holds the studied value in at least 80 % of them, each left out of what its own is made from', () => {
    const held = plansAgainstStudies.flatMap(({ workload, planned }) => {
      const { interval } = predictStudied(
        planned,
        plansAgainstStudies.filter((p) => p.workload !== workload),
      );
      const { studied } = found.find((f) => f.workload === workload)!;
      return studied.map((value) => interval !== null && interval.low <= value && value <= interval.high!);
    });
    expect(held.length).toBeGreaterThanOrEqual(8);
    expect(held.filter(Boolean).length / held.length).toBeGreaterThanOrEqual(0.8);
  });

  it('holds what later studies found, of which nothing went into it', () => {
    const held = later
      .filter((f) => f.noise !== null)
      .flatMap(({ noise, studied }) => {
        const { interval } = predictStudied(noise!);
        return studied.map((value) => interval!.low <= value && value <= interval!.high!);
      });
    expect(held).toHaveLength(17);
    expect(held.filter(Boolean).length / held.length).toBeGreaterThanOrEqual(0.8);
  });
});
