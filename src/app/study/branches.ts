/** Branches of a training: what is branched, opened, and searched moment by moment. */
import { join } from 'node:path';
import { InputError } from '../../base/errors.ts';
import { heldOutSplit, isText, subset } from '../../data/index.ts';
import { jsonCache, makeFolder, type ResultCache } from '../../formats/index.ts';
import type { Control } from '../../instrument/index.ts';
import { type BranchesRequest, type BranchesResult, partForms } from '../../schema/index.ts';
import {
  type BranchedMoment,
  type BranchProtocol,
  type BranchSource,
  batchWarmUp,
  commandBranches,
  ladder,
  measureMoment,
  momentsOf,
  mostBranches,
  OwnBranches,
  openOwnRun,
  type RateRule,
  requireRun,
  stepsShare,
  type TrainedBranch,
} from '../../study/branch/index.ts';
import { layOutStudy, readStudyFile } from '../../study/index.ts';
import { loadSplit, runtimeOf } from '../subject.ts';

/** What is known before a branch is trained. */
export interface BranchesPlan {
  readonly moments: readonly {
    readonly step: number;
    readonly batchSize: number;
    readonly rungs: readonly number[];
    readonly branches: number;
    readonly examples: number;
  }[];
  readonly examplesOfBranch: number;
  /** Of the branches at the largest batch size. */
  readonly fewestSteps: number;
}

const adaptive = /^(?:adam|lamb)/;
const listed = (text: string | undefined) => text?.split(',').map((t) => t.trim());
/** Steps that the largest batch of the ladder is given (design of the protocol: shorter branches see the change of the batch more than what it leads to). */
const fewestSteps = 100;

/** Opens what a request names, as its plan and what runs it. Throws InputError, UsageError and FileError for what cannot be branched. */
export async function openBranches(request: BranchesRequest, control: Control) {
  const isStudy = /\.ya?ml$/i.test(request.source);
  const source = isStudy ? await openCommand(request, control) : await openRun(request, control);
  const { most, perDoubling, margin, orders, mostOrders } = request;
  const protocol: BranchProtocol = { most, perDoubling, margin, orders, mostOrders };
  const rule: RateRule =
    request.rate !== 'auto' ? request.rate : isStudy || adaptive.test(source.optimizer) ? 'sqrt' : 'linear';
  const largest = Math.max(...source.moments.map((m) => ladder(m.batchSize, protocol, source.unit).at(-1)!));
  const examples = request.examples ?? fewestSteps * largest;
  if (examples < largest)
    throw new InputError('examples', `expected at least the ${largest} of the largest batch, got ${examples}`);
  const layout = { protocol, rule, examples };
  const plan: BranchesPlan = {
    moments: source.moments.map(({ step, batchSize }) => {
      const rungs = ladder(batchSize, protocol, source.unit);
      return { step, batchSize, rungs, ...mostBranches(rungs.length, layout) };
    }),
    examplesOfBranch: examples,
    fewestSteps: Math.round(examples / largest),
  };
  return { plan, run: () => search(request, control, source, layout, isStudy), dispose: () => source.dispose() };
}

async function search(
  request: BranchesRequest,
  { parts, signal, onProgress }: Control,
  source: BranchSource,
  layout: { readonly protocol: BranchProtocol; readonly rule: RateRule; readonly examples: number },
  isStudy: boolean,
): Promise<Omit<BranchesResult, 'environment' | 'seconds'>> {
  const { protocol, rule, examples } = layout;
  if (parts !== undefined) await makeFolder(parts);
  const kept: ResultCache<TrainedBranch> =
    parts === undefined
      ? { read: async () => undefined, write: async () => {} }
      : jsonCache(parts, ['branches of a training, 1', source.identity, rule, examples], partForms.branch);
  const moments: BranchedMoment[] = [];
  for (const [i, { step }] of source.moments.entries()) {
    const trainer = await source.at(step, signal);
    moments.push(
      await measureMoment({
        ...layout,
        trainer,
        kept,
        first: moments.at(-1)?.critical.low,
        signal,
        onBranch: ({ batchSize, order, branches }) =>
          onProgress?.(
            (i + branches / (branches + protocol.orders)) / source.moments.length,
            `step ${step}, batch ${batchSize}, order ${order}`,
          ),
      }),
    );
  }
  const base = moments[0]!.batchSize;
  const along = (of: (m: BranchedMoment) => number) => {
    const stages = batchWarmUp(
      moments.map((m) => ({ examples: m.examples, criticalBatch: of(m) })),
      { batchSize: base, rule },
    );
    return { stages, steps: stepsShare(stages, source.totalExamples) };
  };
  const sum = (of: (m: BranchedMoment) => number) => moments.reduce((s, m) => s + of(m), 0);
  return {
    name: source.name,
    dataset: source.dataset,
    kind: isStudy ? 'command' : 'run',
    protocol: {
      ...protocol,
      rule,
      optimizerState: request.optimizerState,
      anneal: request.anneal,
      heldOut: source.heldOut,
    },
    totalExamples: source.totalExamples,
    moments,
    // Where the curve does not reach the margin, B* is at least what was shown safe.
    warmUp: along((m) => m.critical.value ?? m.critical.low),
    cautious: along((m) => m.critical.low),
    cost: {
      branches: sum((m) => m.cost.branches),
      examples: sum((m) => m.cost.examples),
      seconds: sum((m) => m.cost.seconds),
      share: sum((m) => m.cost.examples) / source.totalExamples,
    },
  };
}

async function openRun(request: BranchesRequest, { onNote, onProgress }: Control): Promise<BranchSource> {
  const { source: folder, data, at, heldOut, optimizerState, anneal } = request;
  if (request.workload !== undefined) throw new InputError('workload', 'goes with a study file; the source is a run');
  const config = await requireRun(folder);
  const keys = { dataset: config.dataset, data, download: false, seed: config.seed };
  const train = await loadSplit(keys, 'train', { onNote, onProgress });
  const held = await loadSplit(keys, heldOutSplit(config.dataset), { onNote, onProgress });
  const valid =
    heldOut === undefined || isText(held) || heldOut >= held.count ? held : subset(held, heldOut / held.count, 0);
  const runtime = runtimeOf(request);
  const run = await openOwnRun(folder, config, { train, valid }, runtime);
  const branches = await OwnBranches.open(run, { optimizerState, anneal }, runtime);
  return branches.source(momentsOf(run, listed(at)));
}

async function openCommand(request: BranchesRequest, { parts }: Control): Promise<BranchSource> {
  const { source: path, workload, at, optimizerState, anneal, heldOut } = request;
  if (optimizerState !== 'keep')
    throw new InputError('optimizerState', 'is for runs of ours; the command decides what it does with its own');
  if (anneal) throw new InputError('anneal', 'is for runs of ours; a command has its own schedule');
  if (heldOut !== undefined)
    throw new InputError('heldOut', 'is for runs of ours; a command has its own held-out data');
  const layout = await layOutStudy(await readStudyFile(path), {});
  return commandBranches(layout, {
    workload,
    at: listed(at),
    folder: parts === undefined ? undefined : join(parts, 'command'),
  });
}
