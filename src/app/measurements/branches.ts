import { z } from 'zod';
import { registerMeasurement } from '../../instrument/index.ts';
import { branchesKind } from '../../schema/index.ts';
import { formatCount, plural } from '../cost-text.ts';

/** One branch of a training, by itself. */
const branchPieceForm = z.strictObject({
  step: z.int().positive(),
  batchSize: z.int().positive(),
  learningRate: z.number().positive(),
  steps: z.int().positive(),
  /** Of the data, from 0 on. */
  order: z.int().nonnegative(),
});

export const branches = registerMeasurement({
  kind: branchesKind,
  command: ['batch', 'branch'],
  label: 'branches',
  parts: 'branches',
  rows: ['moments', 'batches'],
  examples: [
    {
      what: 'a run that kept checkpoints, at two of them',
      request: { source: 'out/run', data: 'cifar10', at: '2ep,8ep' },
    },
    { what: 'a script that takes a checkpoint', request: { source: 'study.yaml', at: '500st,2000st', margin: 0.02 } },
  ],
  async prepare(request, control) {
    const [{ openBranches }, { environmentOf }, { runtimeOf }] = await Promise.all([
      import('../study/branches.ts'),
      import('../../stability/index.ts'),
      import('../subject.ts'),
    ]);
    const { plan, run, dispose } = await openBranches(request, control);
    return {
      plan,
      run: async () => {
        const began = performance.now();
        const result = await run();
        const environment = environmentOf(runtimeOf(request));
        return { result: { ...result, environment, seconds: (performance.now() - began) / 1000 } };
      },
      dispose,
    };
  },
  pieces: {
    form: branchPieceForm,
    async data(request) {
      const { dataOfBranches } = await import('../study/branches.ts');
      return dataOfBranches(request);
    },
    async compute(request, piece, control) {
      const { measureBranchPiece } = await import('../study/branches.ts');
      await measureBranchPiece(request, branchPieceForm.parse(piece), control);
    },
  },
  estimate: ({ moments, examplesOfBranch, fewestSteps }) => {
    const most = moments.reduce((sum, m) => sum + m.branches, 0);
    const examples = moments.reduce((sum, m) => sum + m.examples, 0);
    return `${plural(moments.length, 'moment')}: at most ${plural(most, 'branch', 'branches')} of ${formatCount(examplesOfBranch)} examples, ${formatCount(examples)} examples in all; ${plural(fewestSteps, 'step')} at the largest batch${fewestSteps < 100 ? ', fewer than the 100 that the protocol asks for' : ''}`;
  },
  details: ({ moments }) =>
    moments.map(
      ({ step, batchSize, rungs, branches: most }) =>
        `step ${formatCount(step)}, batch ${batchSize}: up to ${plural(most, 'branch', 'branches')} at ${rungs.slice(1).join(', ')}`,
    ),
  async table(result, options) {
    const { branchesTable } = await import('../../report/index.ts');
    return branchesTable(result, options);
  },
  async page(result, options) {
    const { renderBranchesReport } = await import('../../report/pages.ts');
    return renderBranchesReport(result, { command: options.command ?? '' });
  },
});
