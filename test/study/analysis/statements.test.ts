import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { combinedStatements, type Observation, reportOf, type Statement } from '../../../src/study/analysis/index.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload } from '../../../src/study/measured/measured.ts';
import { absolute, syntheticTrial, syntheticWorkload } from '../synthetic-studies.ts';

const sizes = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];

interface Curve {
  readonly critical: number;
  readonly noise?: number;
  /** Trials are ended there, and count as complete. */
  readonly budget?: number;
  /** The best of the rates 0.05, 0.1, 0.2, 0.4 at every batch size. */
  readonly best?: number;
  readonly seeds?: number;
  readonly batches?: readonly number[];
  readonly workload?: Partial<MeasuredWorkload>;
}

/** S = 100 (1 + Bc / B) at the best rate, 1.6 times as many for each doubling off it; from 1 at the start down to 0.001. */
function trialsOf(
  name: string,
  { critical, noise = 0.03, budget, best = 0.1, seeds = 3, batches = sizes }: Curve,
): MeasuredTrial[] {
  const stream = new RandomStream({ seed: 9, purpose: name });
  return batches.flatMap((batchSize) =>
    [0.05, 0.1, 0.2, 0.4].flatMap((rate) =>
      Array.from({ length: seeds }, (_, seed) => {
        const off = 1.6 ** Math.abs(Math.log2(rate / best));
        const steps = 100 * (1 + critical / batchSize) * off * Math.exp(noise * stream.normal());
        const last = Math.ceil(Math.min(1.5 * steps, budget ?? Number.POSITIVE_INFINITY));
        const at = [...new Set([0, Math.floor(steps), Math.ceil(steps), last].filter((s) => s <= last))];
        return syntheticTrial({
          batchSize,
          rate,
          seed,
          workload: name,
          budget: budget ?? last,
          steps: at,
          loss: (step) => 0.01 ** (step / steps),
        });
      }),
    ),
  );
}

function study(curves: Readonly<Record<string, Curve>>): MeasuredStudy {
  const entries = Object.entries(curves);
  return {
    name: 'synthetic',
    workloads: entries.map(([name, { workload }]) => ({ ...syntheticWorkload([absolute(0.01)], name), ...workload })),
    trials: entries.flatMap(([name, curve]) => trialsOf(name, curve)),
  };
}

const statement = (curves: Readonly<Record<string, Curve>>, id: string): Statement =>
  reportOf(study(curves)).statements.find((s) => s.id === id)!;
const verdict = (curves: Readonly<Record<string, Curve>>, id: string) => statement(curves, id).verdict;

describe('regimes', () => {
  it('agree where all three are seen, disagree where all is linear, cannot be told or tested otherwise', () => {
    expect(verdict({ w: { critical: 200 } }, 'regimes')).toBe('agrees');
    expect(verdict({ w: { critical: 1e6 } }, 'regimes')).toBe('disagrees');
    expect(verdict({ w: { critical: 1e5, noise: 0.001 } }, 'regimes')).toBe('disagrees');
    expect(verdict({ w: { critical: 3000 } }, 'regimes')).toBe('not testable here');
  });

  it('are not testable where a curve of such a B_crit has a part outside the study', () => {
    const reason = (critical: number) => statement({ w: { critical } }, 'regimes').observations[0]!.reason;
    // (1 + Bc / 4096) / (1 + Bc / 8192) is 1.05 at 8192 / 19.
    expect(reason(3000)).toMatch(/^4096 to 8192 is to gain under 5 % a doubling where B_crit is at most 431, and /);
    // (16 + Bc) / (32 + Bc) is 0.8 at 48.
    expect(reason(4)).toMatch(/^batch 32 is to be linear from 16 where B_crit is at least 48, and /);
  });

  it('disagree where steps go on falling far beyond B_crit, or begin to fall too slowly far before it', () => {
    const of = (steps: readonly number[], noise = 0.01) => {
      const trials = steps.flatMap((own, i) =>
        [0.05, 0.1, 0.2].flatMap((rate) =>
          [0, 1, 2].map((seed) => {
            const taken = own * (rate === 0.1 ? 1 : 1.6) * (1 + noise * (seed - 1));
            return syntheticTrial({
              ...{ batchSize: 16 * 2 ** i, rate, seed, workload: 'w', budget: Math.ceil(2 * taken) },
              steps: [0, Math.ceil(taken) - 1, Math.ceil(taken), Math.ceil(2 * taken)],
              loss: (step) => 0.01 ** (step / taken),
            });
          }),
        ),
      );
      const workloads = [syntheticWorkload([absolute(0.01)], 'w')];
      return reportOf({ name: 'own', workloads, trials }).statements.find((x) => x.id === 'regimes')!;
    };
    const hyperbola = (critical: number, i: number) => 1000 * (1 + critical / (16 * 2 ** i));
    const sagging = Array.from({ length: 12 }, (_, i) => hyperbola(200, i) * 0.9 ** Math.max(0, i - 9));
    expect(of(sagging).verdict).toBe('disagrees');
    expect(of(sagging).observations[0]!.reason).toContain(
      'a flat part that lasts to the largest batch, though a curve of this',
    );
    // A first doubling without a gain is no stagnation where later ones gain.
    expect(of(sagging).observations[0]!.reason).toContain('flat from 2048');
    expect(of(sagging, 0.3).verdict).toBe('cannot tell');
    const late = Array.from({ length: 12 }, (_, i) => hyperbola(200, i) * (i === 0 ? 0.8 : 1));
    expect(of(late).verdict).toBe('disagrees');
    expect(of(late).observations[0]!.reason).toContain('a linear part beyond the smallest batch itself, though');
  });

  it('are not testable from a base whose rate is at the edge of its grid', () => {
    const found = statement({ w: { critical: 200, best: 0.05 } }, 'regimes');
    expect(found).toMatchObject({ verdict: 'not testable here', testable: 0 });
    expect(found.observations[0]!.reason).toBe('the best rate at batch 16 is the lowest tried');
  });

  it('do not call the smallest batch itself a linear part', () => {
    const found = statement({ w: { critical: 4 } }, 'regimes');
    expect(found.verdict).toBe('not testable here');
    expect(found.observations[0]!.reason).toContain('linear until 16');
  });
});

describe('a base point', () => {
  it('is the smallest batch whose best rate is off the edge: an untuned smallest batch stretches no linear part', () => {
    const tuned = trialsOf('w', { critical: 300 });
    // At batch 16 only one rate was run, and a bad one.
    const trials = tuned.filter((t) => t.batchSize > 16 || t.baseRate === 0.4);
    const [{ strategies }] = reportOf({ ...study({ w: { critical: 300 } }), trials }).workloads as [
      ReturnType<typeof reportOf>['workloads'][number],
    ];
    expect(strategies[0]).toMatchObject({ baseBatch: 16, keptRate: 0.4 });
    const more = tuned.filter((t) => t.batchSize > 16 || t.baseRate >= 0.2);
    const own = reportOf({ ...study({ w: { critical: 300 } }), trials: more }).workloads[0]!.strategies[0]!;
    expect(own).toMatchObject({ baseBatch: 32, baseProblem: null, keptRate: null });
    expect(own.points[0]!.regime).toBe('before the base');
    expect(own.criticalBatch.points[0]!.batchSize).toBe(32);
    expect(own.criticalBatch.standing).toBe('measured');
  });
});

describe('out of reach', () => {
  /** The largest batch never gets there, within so many steps. */
  const missed = (steps: number) => {
    const whole = study({ w: { critical: 200 } });
    const trials = whole.trials.map((t) =>
      t.batchSize < 8192
        ? t
        : {
            ...t,
            budgetSteps: steps,
            measurements: [0, steps].map((step) => ({ ...t.measurements[0]!, step, trainLoss: 0.5 })),
          },
    );
    return reportOf({ ...whole, trials });
  };
  const found = (steps: number) => missed(steps).statements.find((s) => s.id === 'out-of-reach')!;

  it('agrees after three times the fewest steps, and before that it is the budget’s doing and not testable', () => {
    expect(found(400).verdict).toBe('agrees');
    expect(found(200)).toMatchObject({ verdict: 'not testable here', testable: 0 });
    expect(found(200).answer).toContain('the budget ended every training before 3 times');
    expect(verdict({ w: { critical: 200 } }, 'out-of-reach')).toBe('disagrees');
    expect(verdict({ w: { critical: 200, seeds: 2 } }, 'out-of-reach')).toBe('cannot tell');
  });

  it('is judged beyond the batch at which a domain is said to break, and there alone', () => {
    const curves = (metric: string): Readonly<Record<string, Curve>> => ({
      w: { critical: 200, workload: { metric: { name: metric, direction: 'max' } } },
    });
    const of = (metric: string) => statement(curves(metric), 'domains');
    expect(of('perplexity')).toMatchObject({ verdict: 'disagrees', testable: 8 });
    expect(of('perplexity').observations[0]!.where).toContain('batch 64');
    expect(of('meanIoU')).toMatchObject({ verdict: 'disagrees', testable: 7 });
    expect(of('accuracy')).toMatchObject({ verdict: 'not testable here', testable: 0 });
    // Beyond 64 no training comes below 0.5, with steps enough or too few.
    const broken = (steps: number) => {
      const whole = study(curves('meanIoU'));
      const trials = whole.trials.map((t) =>
        t.batchSize <= 64
          ? t
          : {
              ...t,
              budgetSteps: steps,
              measurements: [0, steps].map((step) => ({ ...t.measurements[0]!, step, trainLoss: 0.5 })),
            },
      );
      return reportOf({ ...whole, trials }).statements.find((s) => s.id === 'domains')!;
    };
    expect(broken(2000).verdict).toBe('agrees');
    expect(broken(400).verdict).toBe('not testable here');
    expect(statement({ w: { ...curves('perplexity').w!, seeds: 1 } }, 'domains').verdict).toBe('cannot tell');
  });

  it('is said of the point, which counts for no verdict', () => {
    const last = (steps: number) => missed(steps).workloads[0]!.strategies[0]!.points.at(-1)!;
    expect(last(200)).toMatchObject({ reached: 0, endedByBudget: true });
    expect(last(400)).toMatchObject({ reached: 0, endedByBudget: false });
  });
});

describe('data', () => {
  const complexity = (critical: readonly [number, number], noise = 0.03) =>
    verdict(
      {
        easy: { critical: critical[0], noise, workload: { complexity: 0.2 } },
        hard: { critical: critical[1], noise, workload: { complexity: 0.8 } },
      },
      'complexity',
    );

  it('of less complexity flatten later: a direction, which the opposite contradicts', () => {
    expect(complexity([600, 200])).toBe('agrees');
    expect(complexity([200, 600])).toBe('disagrees');
    expect(complexity([300, 300])).toBe('cannot tell');
    expect(verdict({ w: { critical: 300 } }, 'complexity')).toBe('not testable here');
  });

  it('of another kind flatten later where they are simpler, at equal numbers of examples: shares of two sets are none of their own', () => {
    const sets = (critical: readonly [number, number], more: Partial<MeasuredWorkload> = {}) =>
      verdict(
        {
          digits: { critical: critical[0], workload: { dataset: 'mnist', fraction: 0.13, examples: 8000 } },
          pictures: {
            critical: critical[1],
            workload: { dataset: 'cifar10', fraction: 0.16, examples: 8001, ...more },
          },
        },
        'dataset',
      );
    expect(sets([600, 200])).toBe('agrees');
    expect(sets([200, 600])).toBe('disagrees');
    expect(sets([300, 300])).toBe('cannot tell');
    expect(sets([600, 200], { examples: 16_000 })).toBe('not testable here');
    expect(sets([600, 200], { model: 'another' })).toBe('not testable here');
    // The paper puts neither before the other.
    expect(sets([600, 200], { dataset: 'folder' })).toBe('not testable here');
  });

  it('are the same in shares only where that is shown within the margin', () => {
    const fraction = (critical: readonly [number, number], noise: number) =>
      verdict(
        {
          all: { critical: critical[0], noise },
          half: { critical: critical[1], noise, workload: { fraction: 0.5 } },
        },
        'fraction',
      );
    expect(fraction([300, 310], 0.02)).toBe('agrees');
    expect(fraction([300, 900], 0.02)).toBe('disagrees');
    // Their intervals overlap: that is no equality.
    expect(fraction([300, 400], 0.3)).toBe('cannot tell');
  });

  it('are not the same once one of several comparisons is shown to differ, and are where most are shown to be', () => {
    const shares = (half: number, quarter: number) =>
      verdict(
        {
          all: { critical: 300, noise: 0.02 },
          half: { critical: half, noise: 0.02, workload: { fraction: 0.5 } },
          quarter: { critical: quarter, noise: 0.02, workload: { fraction: 0.25 } },
        },
        'fraction',
      );
    expect(shares(300, 310)).toBe('agrees');
    expect(shares(310, 100)).toBe('disagrees');
    // A factor of 1.5 is decided by nobody.
    expect(shares(450, 460)).toBe('cannot tell');
  });

  it('move the bend more by their kind, or the network, than by their number; or less, which contradicts', () => {
    const curves = (kind: Partial<MeasuredWorkload>, other: number, quarter: number, noise = 0.02) => ({
      own: { critical: 400, noise, workload: { dataset: 'cifar10', examples: 8000 } },
      other: { critical: other, noise, workload: { dataset: 'cifar10', examples: 8000, ...kind } },
      quarter: { critical: quarter, noise, workload: { dataset: 'cifar10', examples: 2000, fraction: 0.25 } },
    });
    const of = (...given: Parameters<typeof curves>) => verdict(curves(...given), 'kind-or-size');
    const mnist = { dataset: 'mnist' };
    expect(of(mnist, 100, 300)).toBe('agrees');
    expect(of(mnist, 1600, 300)).toBe('agrees');
    expect(of({ model: 'another' }, 1600, 300)).toBe('agrees');
    expect(of(mnist, 350, 100)).toBe('disagrees');
    expect(of(mnist, 450, 100)).toBe('disagrees');
    expect(of(mnist, 200, 800)).toBe('cannot tell');
    expect(of(mnist, 100, 200, 0.5)).toBe('cannot tell');
    expect(of({ dataset: 'mnist', fraction: 0.5, examples: 4000 }, 100, 300)).toBe('not testable here');
    expect(verdict({ own: { critical: 300 } }, 'kind-or-size')).toBe('not testable here');
    const [observation] = statement(curves(mnist, 100, 300), 'kind-or-size').observations;
    // (400 / 100) / (400 / 300)
    expect(observation!.effect!.estimate).toBeGreaterThan(2.6);
    expect(observation!.effect!.estimate).toBeLessThan(3.5);
  });

  it('bend in networks as the paper says of them, or are not testable', () => {
    const models = (a: string, b: string) =>
      verdict(
        {
          one: { critical: 200, workload: { model: a } },
          two: { critical: 600, workload: { model: b } },
        },
        'architecture',
      );
    expect(models('alexnet', 'resnet8')).toBe('agrees');
    expect(models('resnet8', 'mobilenetv2')).toBe('disagrees');
    expect(models('resnet8', 'vgg11')).toBe('not testable here');
  });
});

describe('several studies together', () => {
  const judged = (name: string, curves: Readonly<Record<string, Curve>>) => {
    const { statements } = reportOf(study(curves));
    return { study: name, statements };
  };
  const together = (...all: readonly ReturnType<typeof judged>[]) =>
    new Map(combinedStatements(all).map((s) => [s.id, s]));
  const shares = (half: number): Readonly<Record<string, Curve>> => ({
    all: { critical: 300, noise: 0.02 },
    half: { critical: half, noise: 0.02, workload: { fraction: 0.5 } },
  });

  it('keep every observation of a study, with its name, where the others have none', () => {
    const [one, two] = [judged('one', { w: { critical: 200 } }), judged('two', { w: { critical: 3000 } })];
    const all = together(one, two).get('regimes')!;
    expect(all).toMatchObject({ verdict: 'agrees', agreeing: 1, testable: 1 });
    expect(all.observations.map((o) => o.where)).toEqual(['one: w, tuned (loss)', 'two: w, tuned (loss)']);
    // One of the two has a p value, so that there is nothing more to correct for.
    expect(all.observations.map(({ where, ...o }) => o)).toEqual(
      [one, two].map(({ statements }) => {
        const [{ where, ...own }] = statements.find((s) => s.id === 'regimes')!.observations as [Observation];
        return own;
      }),
    );
    expect(together(one).get('fraction')!.answer).toBe('no two workloads differ in fraction alone.');
  });

  it('are corrected for the observations of all of them', () => {
    const pair = (noise: number) => ({
      cifar: { critical: 200, noise, workload: { model: 'alexnet' } },
      other: { critical: 330, noise, workload: { model: 'resnet8' } },
    });
    const weak = judged('weak', pair(0.3));
    const [alone] = weak.statements.find((s) => s.id === 'architecture')!.observations;
    expect(alone).toMatchObject({ outcome: 'agrees', support: alone!.uncorrected!.support });
    const several = together(weak, ...[1, 2, 3, 4].map((i) => judged(`unclear ${i}`, pair(0.8)))).get('architecture')!;
    expect(several.observations[0]).toMatchObject({
      outcome: 'cannot tell',
      support: 5 * alone!.support!,
      reason: expect.stringContaining('5 comparisons'),
    });
  });

  it('contradict each other where they do, unless it is said of all: then one refutes it', () => {
    const of = (id: string, ...all: readonly ReturnType<typeof judged>[]) => together(...all).get(id)!.verdict;
    const [same, other] = [judged('same', shares(305)), judged('other', shares(100))];
    expect(of('fraction', same)).toBe('agrees');
    expect(of('fraction', same, other)).toBe('disagrees');
    const [bent, straight] = [judged('bent', { w: { critical: 200 } }), judged('straight', { w: { critical: 1e6 } })];
    expect(of('regimes', bent, straight)).toBe('cannot tell');
    const answer = together(bent, straight).get('regimes')!.answer;
    expect(answer).toContain('observations contradict each other: 1 agrees, 1 disagrees');
    expect(answer).toContain('; agrees: bent: w, tuned');
  });
});

describe('the lowest training loss', () => {
  /** Every training comes down to the floor of its batch size, give or take `noise` from seed to seed; the target 0.5 takes 100 steps. */
  const floors = (
    of: Readonly<Record<number, number>>,
    { seeds = 3, noise = 0.001, budget = 400, status = 'complete' as MeasuredTrial['status'] } = {},
  ) => {
    const trials = Object.entries(of).flatMap(([batch, floor]) =>
      Array.from({ length: seeds }, (_, seed) =>
        syntheticTrial({
          ...{ batchSize: Number(batch), rate: 0.1, seed, workload: 'w', budget, status, steps: [0, 99, 100, budget] },
          loss: (step) => (step < 100 ? 1 : step < budget ? 0.5 : floor + noise * (seed - 1)),
        }),
      ),
    );
    const workloads = [syntheticWorkload([absolute(0.5)], 'w')];
    return reportOf({ name: 'floors', workloads, trials }).statements.find((x) => x.id === 'lowest-loss')!;
  };

  it('agrees where the largest batch stays above the best of the others, and disagrees where it goes below them', () => {
    expect(floors({ 16: 0.1, 64: 0.12, 256: 0.2 }).verdict).toBe('agrees');
    const found = floors({ 16: 0.2, 64: 0.12, 256: 0.1 });
    expect(found.verdict).toBe('disagrees');
    expect(found.observations[0]!.claim).toContain(
      'lowest training loss at batch 256 (median 0.1) less that at batch 64 (0.12)',
    );
  });

  it('cannot be told where seeds differ by more, and is not testable after short budgets or where trials were stopped', () => {
    expect(floors({ 16: 0.1, 64: 0.12, 256: 0.11 }, { noise: 0.05 }).verdict).toBe('cannot tell');
    expect(floors({ 16: 0.1, 64: 0.12, 256: 0.2 }, { seeds: 1 }).verdict).toBe('not testable here');
    const short = floors({ 16: 0.1, 64: 0.12, 256: 0.2 }, { budget: 250 });
    expect(short.verdict).toBe('not testable here');
    expect(short.answer).toContain('under 3 times');
    expect(floors({ 16: 0.1, 64: 0.12, 256: 0.2 }, { status: 'stopped' }).verdict).toBe('not testable here');
  });
});

describe('both losses beyond stagnation', () => {
  const held: MeasuredWorkload['targets'][number] = { ...absolute(0.01), name: 'held', quantity: 'valLoss' };
  /** Steps to both targets at batch 64, 128, ...: what the second takes is `heldSteps` times that of the first. */
  const curve = (steps: readonly number[], { noise = 0.004, heldSteps = 1, targets = [absolute(0.01), held] } = {}) => {
    const trials = steps.flatMap((own, i) =>
      [0, 1, 2].map((seed) => {
        const taken = own * (1 + noise * (seed - 1));
        const trial = syntheticTrial({
          ...{ batchSize: 64 * 2 ** i, rate: 0.1, seed, workload: 'w', budget: Math.ceil(4 * own) },
          loss: (step) => 0.01 ** (step / taken),
        });
        const measurements = trial.measurements.map((m) => ({ ...m, valLoss: 0.01 ** (m.step / (taken * heldSteps)) }));
        return { ...trial, measurements };
      }),
    );
    const workloads = [syntheticWorkload(targets, 'w')];
    return reportOf({ name: 'both', workloads, trials }).statements.find((x) => x.id === 'both-losses')!;
  };
  const flat = [400, 200, 150, 100, 99, 98, 97];

  it('agrees where neither comes sooner, and disagrees where a larger batch gains after all', () => {
    expect(curve(flat)).toMatchObject({ verdict: 'agrees', agreeing: 2, testable: 2 });
    expect(curve([400, 200, 150, 100, 98, 60, 40]).verdict).toBe('disagrees');
  });

  it('cannot be told where seeds differ by more, and is not testable without a flat part or a held-out target', () => {
    expect(curve(flat, { noise: 0.3 }).verdict).toBe('cannot tell');
    expect(curve([400, 200, 100, 50, 25]).verdict).toBe('not testable here');
    expect(curve(flat, { targets: [absolute(0.01)] }).verdict).toBe('not testable here');
  });
});

describe('scaled rates', () => {
  /** Steps to the target of each rule by batch size, null where it is missed to the end of a budget of `budget`. */
  const rules = (
    steps: Readonly<Record<string, Readonly<Record<number, number | null>>>>,
    id: string,
    { noise = 0.02, budget = 2000, seeds = 3 } = {},
  ) => {
    const trials = Object.entries(steps).flatMap(([strategy, of]) =>
      Object.entries(of).flatMap(([batch, own]) =>
        Array.from({ length: seeds }, (_, seed) => {
          const taken = own === null ? Number.POSITIVE_INFINITY : own * (1 + noise * (seed - 1));
          const last = own === null ? budget : Math.ceil(2 * own);
          return syntheticTrial({
            ...{ batchSize: Number(batch), rate: 0.1, seed, strategy, workload: 'w', budget: last },
            steps: own === null ? [0, last] : [0, Math.floor(taken), Math.ceil(taken) + 1, last],
            loss: (step) => 0.01 ** (step / taken),
          });
        }),
      ),
    );
    const workloads = [syntheticWorkload([absolute(0.01)], 'w')];
    return reportOf({ name: 'rules', workloads, trials }).statements.find((x) => x.id === id)!;
  };
  const slow = { 64: 400, 256: 300, 1024: 290, 4096: 280, 8192: 280 };
  const fast = { 64: 400, 256: 120, 1024: 60, 4096: 40, 8192: 36 };

  it('beat the unscaled one up to 2048 where they take fewer steps, and are beaten where they take more', () => {
    expect(rules({ BLR: slow, SRSR: fast }, 'scaled-rates')).toMatchObject({ verdict: 'agrees', testable: 2 });
    expect(rules({ BLR: fast, LSR: slow }, 'scaled-rates').verdict).toBe('disagrees');
    expect(rules({ BLR: slow, LSR: { ...slow, 256: 290, 1024: 295 } }, 'scaled-rates', { noise: 0.2 }).verdict).toBe(
      'cannot tell',
    );
    expect(rules({ BLR: slow }, 'scaled-rates').verdict).toBe('not testable here');
  });

  it('are beaten beyond 2048 where they miss the target after steps enough, or take more; or it is the other way round', () => {
    const missed = { ...fast, 4096: null, 8192: null };
    expect(rules({ BLR: slow, LSR: missed }, 'scaled-rates-fail')).toMatchObject({ verdict: 'agrees', testable: 2 });
    expect(rules({ BLR: slow, SRSR: fast }, 'scaled-rates-fail').verdict).toBe('disagrees');
    expect(rules({ BLR: slow, SRSR: { ...slow, 4096: 285 } }, 'scaled-rates-fail', { noise: 0.2 }).verdict).toBe(
      'cannot tell',
    );
    // Ended before three times the fewest steps: the budget's doing.
    expect(rules({ BLR: slow, LSR: missed }, 'scaled-rates-fail', { budget: 90 }).verdict).toBe('not testable here');
  });
});
