/** The critical batch size by branches of one's own run: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { runtimeKeys } from '../request.ts';
import { effectSize } from '../verdict.ts';

const test = 'Test';
const branching = 'Branches';

export const rateRule = z.enum(['linear', 'sqrt', 'kept']);

export const branchesRequest = z.object({
  source: z
    .string()
    .min(1)
    .describe(
      'folder of a run of `ballast train` that kept checkpoints, or a study file with a command that takes ${checkpoint}',
    )
    .register(flags, { value: 'run|study.yaml', positional: true }),
  data: z
    .string()
    .optional()
    .describe('where the data of the run lies (default: where it was trained)')
    .register(flags, { value: 'dir', group: branching }),
  workload: z
    .string()
    .optional()
    .describe('of the study file, where it has several commands')
    .register(flags, { value: 'name', group: branching }),
  at: z
    .string()
    .optional()
    .describe(
      'moments with commas between them, such as 500st,2ep (default: every checkpoint that the run kept; of a command thirds of its budget)',
    )
    .register(flags, { value: 'list', group: branching }),
  most: z
    .number()
    .min(2)
    .default(16)
    .describe('largest multiple of the batch that is tried')
    .register(flags, { value: 'k', group: branching }),
  perDoubling: z
    .int()
    .min(1)
    .max(8)
    .default(2)
    .describe('batch sizes on the ladder for each doubling: how finely B* is told')
    .register(flags, { value: 'n', group: branching }),
  examples: z
    .int()
    .positive()
    .optional()
    .describe('examples of every branch (default: 100 steps of the largest batch)')
    .register(flags, { value: 'n', group: branching }),
  rate: z
    .enum(['auto', ...rateRule.options])
    .default('auto')
    .describe(
      'how the rate follows the batch; auto: linear for SGD and momentum, sqrt for Adam and its kin and for commands',
    )
    .register(flags, { value: 'rule', group: branching }),
  optimizerState: z
    .enum(['keep', 'reset'])
    .default('keep')
    .describe('of a run of ours: go on with it, or reset it and let the rate grow over the first tenth of a branch')
    .register(flags, { value: 'what', group: branching }),
  anneal: z
    .boolean()
    .default(false)
    .describe('let the rate of a run of ours fall to zero over each branch')
    .register(flags, { group: branching }),
  heldOut: z
    .int()
    .positive()
    .optional()
    .describe('held-out examples of a run of ours that branches are judged on, the same for all (default: all)')
    .register(flags, { value: 'n', group: test }),
  margin: z
    .number()
    .positive()
    .default(0.01)
    .describe('by how much a loss may be higher and still be no worse')
    .register(flags, { value: 'loss', group: test }),
  orders: z
    .int()
    .min(2)
    .default(4)
    .describe('orders of the data that each batch size is tried in at first')
    .register(flags, { value: 'n', group: test }),
  mostOrders: z
    .int()
    .min(2)
    .default(8)
    .describe('where these leave it undecided there are twice as many, up to so many')
    .register(flags, { value: 'n', group: test }),
  ...runtimeKeys,
});
export type BranchesRequest = Of<typeof branchesRequest>;

const keptBranch = z.object({
  order: z.int().describe('of the data'),
  loss: z.number().nullable().describe('held-out, at its end; null where it diverged'),
  trainLoss: z
    .number()
    .nullable()
    .describe('exponential mean (0.5) of the losses of its steps; null where none is known'),
  seconds: z.number().describe('that it took'),
});

const cost = {
  branches: z.int().describe('that were trained'),
  examples: z.number().describe('that they took'),
  seconds: z.number().describe('in their steps'),
};

const branchedMoment = z.object({
  step: z.int().describe('of the training'),
  examples: z.number().describe('that the training has seen by then'),
  batchSize: z.int().describe('its own there'),
  learningRate: z.number().describe('its own there'),
  noiseScale: z.number().nullable().describe('tr Σ / |G|² as the training measured it; null where it did not'),
  examplesOfBranch: z.number().describe('of each branch'),
  critical: z
    .object({
      value: z
        .number()
        .nullable()
        .describe('where mean differences, made monotone, meet the margin; null where they do not'),
      low: z.number().describe('largest batch size up to which all are safe'),
      lowTested: z.boolean().describe('false where that is the run’s own, which is only as good as itself'),
      high: z.number().nullable().describe('smallest from which on all are unsafe; null where none is'),
    })
    .describe('B*, in examples, with its 95 % interval'),
  own: z
    .object({ steps: z.int().describe('of a branch'), branches: z.array(keptBranch).describe('by order') })
    .describe('branches at the run’s own batch size, which the others are held against'),
  batches: z
    .array(
      z.object({
        batchSize: z.int().describe('k times the run’s own'),
        outcome: z
          .enum(['safe', 'unsafe', 'undecided'])
          .describe('no worse by more than the margin, worse by more, or neither is told'),
        orders: z.int().describe('that it was tried in'),
        diverged: z.int().describe('in so many of them'),
        difference: effectSize
          .nullable()
          .describe('its loss less that of the run’s own batch size, in pairs of the same order'),
        reason: z.string().describe('why this outcome'),
        learningRate: z.number().describe('after the rule'),
        steps: z.int().describe('of a branch'),
        branches: z.array(keptBranch).describe('by order'),
      }),
    )
    .describe('by growing batch size'),
  merrill: z
    .number()
    .nullable()
    .describe(
      'the largest batch size by the rule of Merrill et al. (exponential mean of training losses, one order, fixed tolerance); null where none is larger than the run’s own',
    ),
  cost: z.object(cost).describe('of its branches'),
});

const stage = z.object({
  fromExamples: z.number().describe('of the training'),
  batchSize: z.number().describe('from there on'),
  rateFactor: z.number().describe('what the rate is multiplied with'),
});
const warmUp = z.object({
  stages: z.array(stage).describe('in order'),
  steps: z.number().describe('share of the steps that the first batch size throughout would take'),
});

export const branchesResult = z.object({
  name: z.string().describe('of the network, or of the workload'),
  dataset: z.string().describe('name of the data set; of a command what its study calls it'),
  kind: z.enum(['run', 'command']).describe('what was branched'),
  protocol: z
    .object({
      margin: z.number().describe('of the test'),
      most: z.number().describe('largest multiple tried'),
      perDoubling: z.int().describe('rungs a doubling'),
      orders: z.int().describe('of the first look'),
      mostOrders: z.int().describe('of the last'),
      rule: rateRule.describe('how the rate follows the batch'),
      optimizerState: z.enum(['keep', 'reset']).describe('what branches do with it'),
      anneal: z.boolean().describe('whether the rate falls to zero over each branch'),
      heldOut: z.int().nullable().describe('examples that branches are judged on; null where the command decides'),
    })
    .describe('how it was done'),
  totalExamples: z.number().describe('of the whole training'),
  moments: z.array(branchedMoment).describe('in the order of the training'),
  warmUp: warmUp.describe('of the batch, by the estimates of B*'),
  cautious: warmUp.describe('the same by the lower ends of their intervals'),
  cost: z
    .object({ ...cost, share: z.number().describe('of the examples of the training itself') })
    .describe('of all branches'),
  ...measuredIn,
});
export type BranchesResult = Of<typeof branchesResult>;
