import { UsageError } from '../../base/errors.ts';
import type { ResultCache } from '../../formats/index.ts';
import type { BranchMoment, BranchOrder, BranchTrainer, TrainedBranch } from './branch-trainer.ts';
import { type BranchedCritical, criticalOf } from './critical.ts';
import type { BranchOutcome, JudgedBatch } from './judged.ts';
import { type BranchProtocol, ladder, looksOf, type RateRule, rateFactor, requireProtocol } from './protocol.ts';
import { nextBranches } from './search.ts';

/** How the branches of a moment are laid out. */
export interface BranchLayout {
  readonly protocol: BranchProtocol;
  readonly rule: RateRule;
  /** Delta: of every branch. A batch size takes the nearest whole number of steps. */
  readonly examples: number;
}

/** A branch as it is kept. */
export interface KeptBranch extends TrainedBranch {
  readonly order: number;
}

/** A batch size of a moment: what it was judged to be, and what that rests on. */
export interface BranchedBatch extends JudgedBatch {
  readonly learningRate: number;
  readonly steps: number;
  readonly branches: readonly KeptBranch[];
}

export interface BranchedMoment extends BranchMoment {
  readonly examplesOfBranch: number;
  readonly critical: Omit<BranchedCritical, 'batches'>;
  /** The run's own batch size: what the others are held against. */
  readonly own: { readonly steps: number; readonly branches: readonly KeptBranch[] };
  readonly batches: readonly BranchedBatch[];
  /** The rule of Merrill et al. on the same branches of order 0: the largest batch before the first whose exponential mean of training losses is above that of the run's own by more than the margin; null where none is larger. */
  readonly merrill: number | null;
  readonly cost: BranchCost;
}

/** What was trained: branches of the store count as if they had been trained now. */
export interface BranchCost {
  readonly branches: number;
  readonly examples: number;
  readonly seconds: number;
}

export const stepsOfBranch = (examples: number, batchSize: number): number =>
  Math.max(1, Math.round(examples / batchSize));

export interface MomentRequest extends BranchLayout {
  readonly trainer: BranchTrainer;
  /** Branches that have ended, by name: a search that was killed goes on. */
  readonly kept: ResultCache<TrainedBranch>;
  /** The batch size that is tried first: where an earlier moment ended. */
  readonly first?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Has branches trained elsewhere, and resolves when `kept` has them; absent where all are trained here. */
  readonly handOut?: ((branches: readonly BranchOrder[]) => Promise<void>) | undefined;
  readonly onBranch?: (done: { readonly batchSize: number; readonly order: number; readonly branches: number }) => void;
}

/** Searches B* at one moment, branch by branch. Throws InputError for a protocol that decides nothing, AbortError when told to stop. */
export async function measureMoment(request: MomentRequest): Promise<BranchedMoment> {
  const { trainer, protocol, rule, examples, kept, signal } = request;
  requireProtocol(protocol);
  const { moment } = trainer;
  const rungs = ladder(moment.batchSize, protocol, trainer.unit);
  const rateOf = (batchSize: number) => moment.learningRate * rateFactor(rule, batchSize / moment.batchSize);
  const outcomes: BranchOutcome[] = [];
  const trained = new Map<number, KeptBranch[]>();
  const first =
    request.first === undefined
      ? 1
      : Math.max(
          1,
          rungs.findLastIndex((b) => b <= request.first!),
        );
  for (;;) {
    const wishes = nextBranches({ rungs, outcomes, protocol, first });
    if (wishes.length === 0) break;
    const orders = wishes.map(
      ({ batchSize, order }): BranchOrder => ({
        ...{ batchSize, order },
        ...{ learningRate: rateOf(batchSize), steps: stepsOfBranch(examples, batchSize) },
      }),
    );
    if (request.handOut) {
      const missing = [];
      for (const one of orders) if (!(await kept.read(branchKey(moment, one)))) missing.push(one);
      if (missing.length > 0) await request.handOut(missing);
    }
    for (const one of orders) {
      signal?.throwIfAborted();
      const { batchSize, order } = one;
      const branch = await trainOrRead(trainer, one, kept, signal);
      outcomes.push({ batchSize, order, loss: branch.loss });
      trained.set(batchSize, [...(trained.get(batchSize) ?? []), { order, ...branch }]);
      requireOrders(trained.get(moment.batchSize) ?? []);
      request.onBranch?.({ batchSize, order, branches: outcomes.length });
    }
  }
  const { batches, ...critical } = criticalOf(rungs, outcomes, protocol);
  const branchesOf = (batchSize: number) => [...(trained.get(batchSize) ?? [])].sort((a, b) => a.order - b.order);
  const all = [...trained].flatMap(([batchSize, branches]) => branches.map((b) => ({ batchSize, ...b })));
  return {
    ...moment,
    examplesOfBranch: examples,
    critical,
    own: { steps: stepsOfBranch(examples, moment.batchSize), branches: branchesOf(moment.batchSize) },
    batches: batches.map((b) => ({
      ...b,
      learningRate: rateOf(b.batchSize),
      steps: stepsOfBranch(examples, b.batchSize),
      branches: branchesOf(b.batchSize),
    })),
    merrill: merrillOf(moment.batchSize, trained, protocol.margin),
    cost: {
      branches: all.length,
      examples: all.reduce((sum, b) => sum + b.batchSize * stepsOfBranch(examples, b.batchSize), 0),
      seconds: all.reduce((sum, b) => sum + b.seconds, 0),
    },
  };
}

/** What a branch is kept by. */
const branchKey = ({ step }: BranchMoment, { batchSize, order }: BranchOrder) =>
  `step-${step} batch-${batchSize} order-${order}`;

/** A branch as it is kept, trained first where it is not. Throws AbortError when told to stop. */
export async function trainOrRead(
  trainer: BranchTrainer,
  order: BranchOrder,
  kept: ResultCache<TrainedBranch>,
  signal: AbortSignal | undefined,
): Promise<TrainedBranch> {
  const key = branchKey(trainer.moment, order);
  const known = await kept.read(key);
  if (known) return known;
  const branch = await trainer.train(order, signal);
  await kept.write(key, branch);
  return branch;
}

/** Orders that change nothing at all are one order, of which no interval follows. Throws UsageError. */
function requireOrders(own: readonly KeptBranch[]): void {
  const [first, second] = own;
  if (first?.loss == null || second === undefined) return;
  if (first.loss === second.loss && first.trainLoss === second.trainLoss)
    throw new UsageError(
      'two orders of the data end at exactly the same losses; expected another seed to change the order of the data also where a training goes on from a checkpoint',
    );
}

/** k* of Merrill et al. (2505.23971) times B: see `BranchedMoment.merrill`. */
function merrillOf(base: number, trained: ReadonlyMap<number, readonly KeptBranch[]>, margin: number): number | null {
  const lossOf = (batchSize: number) => trained.get(batchSize)?.find((b) => b.order === 0)?.trainLoss ?? null;
  const own = lossOf(base);
  if (own === null) return null;
  let largest: number | null = null;
  for (const batchSize of [...trained.keys()].filter((b) => b > base).sort((a, b) => a - b)) {
    const loss = lossOf(batchSize);
    if (loss === null || loss > own + margin) break;
    largest = batchSize;
  }
  return largest;
}

/** At most so many branches and examples are trained for a moment: two bisections of the ladder, each batch size with all its orders. */
export function mostBranches(rungs: number, { protocol, examples }: BranchLayout): Omit<BranchCost, 'seconds'> {
  const orders = looksOf(protocol).at(-1)!;
  const climbs = Math.ceil((rungs - 1) / protocol.perDoubling);
  const sizes = Math.min(rungs - 1, climbs + 2 * Math.ceil(Math.log2(protocol.perDoubling * climbs + 1)));
  return { branches: (sizes + 1) * orders, examples: (sizes + 1) * orders * examples };
}
