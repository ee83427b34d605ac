/** Branches of a training: what is branched, opened, and searched moment by moment. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { InputError, UsageError } from '../../base/errors.ts';
import { heldOutSplit, isText, subset } from '../../data/index.ts';
import { jsonCache, makeFolder, type ResultCache } from '../../formats/index.ts';
import type { Control, OfferedPiece, ReadData } from '../../instrument/index.ts';
import { type BranchesRequest, type BranchesResult, partForms } from '../../schema/index.ts';
import {
  type BranchedMoment,
  type BranchOrder,
  type BranchProtocol,
  type BranchSource,
  batchWarmUp,
  type CommandBranchOptions,
  commandBranches,
  filesOfRun,
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
  trainOrRead,
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

const isStudyFile = (source: string) => /\.ya?ml$/i.test(source);

/** How branches are laid out. Throws InputError for branches shorter than a batch. */
function layoutOf(request: BranchesRequest, source: BranchSource, isStudy: boolean) {
  const { most, perDoubling, margin, orders, mostOrders } = request;
  const protocol: BranchProtocol = { most, perDoubling, margin, orders, mostOrders };
  const rule: RateRule =
    request.rate !== 'auto' ? request.rate : isStudy || adaptive.test(source.optimizer) ? 'sqrt' : 'linear';
  const largest = Math.max(...source.moments.map((m) => ladder(m.batchSize, protocol, source.unit).at(-1)!));
  const examples = request.examples ?? fewestSteps * largest;
  if (examples < largest)
    throw new InputError('examples', `expected at least the ${largest} of the largest batch, got ${examples}`);
  return { protocol, rule, examples, largest };
}

/** Opens what a request names, as its plan and what runs it. Throws InputError, UsageError and FileError for what cannot be branched. */
export async function openBranches(request: BranchesRequest, control: Control) {
  const isStudy = isStudyFile(request.source);
  const source = isStudy ? await openCommand(request, control) : await openRun(request, control);
  const layout = layoutOf(request, source, isStudy);
  const { protocol, largest, examples } = layout;
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
  control: Control,
  source: BranchSource,
  layout: { readonly protocol: BranchProtocol; readonly rule: RateRule; readonly examples: number },
  isStudy: boolean,
): Promise<Omit<BranchesResult, 'environment' | 'seconds'>> {
  const { protocol, rule } = layout;
  const { parts, signal, onProgress, handOut } = control;
  const kept = await keptBranches(parts, source, layout);
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
        handOut: handOut && (async (branches) => handOut(await piecesOf(request, source, { step, isStudy }, branches))),
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

/** What is kept of branches below a folder; nothing without one. */
async function keptBranches(
  parts: string | undefined,
  source: BranchSource,
  { rule, examples }: { readonly rule: RateRule; readonly examples: number },
): Promise<ResultCache<TrainedBranch>> {
  if (parts === undefined) return { read: async () => undefined, write: async () => {} };
  await makeFolder(parts);
  return jsonCache(parts, ['branches of a training, 1', source.identity, rule, examples], partForms.branch);
}

/** The data that the branches of a request are trained and judged on; undefined for a command, which sees to its own. */
export async function dataOfBranches({ source }: BranchesRequest): Promise<ReadData | undefined> {
  if (isStudyFile(source)) return undefined;
  const { config, source: begunWith } = await requireRun(source);
  const { dataset } = config;
  return { dataset, splits: ['train', heldOutSplit(dataset)], dir: begunWith.data };
}

/** Branches as pieces: of a run of ours with its states, of a command with what it has left at the moment. */
async function piecesOf(
  request: BranchesRequest,
  source: BranchSource,
  { step, isStudy }: { readonly step: number; readonly isStudy: boolean },
  branches: readonly BranchOrder[],
): Promise<OfferedPiece[]> {
  const folder = isStudy ? source.momentFolder!(step) : request.source;
  const names = isStudy
    ? await namesBelow(folder)
    : await filesOfRun(
        folder,
        source.moments.map((m) => m.step),
      );
  const needed = { folder, names };
  return branches.map((branch) => ({
    piece: { step, ...branch },
    work: branch.steps * branch.batchSize,
    ...(isStudy ? { given: needed, command: true } : { files: { source: needed } }),
  }));
}

async function namesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Trains one branch; what remains is that it is kept. Throws as `openBranches` does, and UsageError for a command where none may be run. */
export async function measureBranchPiece(
  request: BranchesRequest,
  { step, ...order }: BranchOrder & { readonly step: number },
  control: Control,
): Promise<void> {
  const isStudy = isStudyFile(request.source);
  if (isStudy && control.commands !== true) throw new UsageError('a branch of a command is refused here');
  const reached = control.given === undefined ? undefined : { step, folder: control.given };
  const source = isStudy
    ? await openCommand(request, control, { reached, checkRate: order.order === 0 })
    : await openRun(request, control);
  try {
    if (!source.moments.some((m) => m.step === step))
      throw new InputError('at', `step ${step} is none of the moments of the request`);
    const kept = await keptBranches(control.parts, source, layoutOf(request, source, isStudy));
    await trainOrRead(await source.at(step, control.signal), order, kept, control.signal);
  } finally {
    await source.dispose();
  }
}

async function openRun(request: BranchesRequest, { onNote, onProgress }: Control): Promise<BranchSource> {
  const { source: folder, data, at, heldOut, optimizerState, anneal } = request;
  if (request.workload !== undefined) throw new InputError('workload', 'goes with a study file; the source is a run');
  const { config, source: begunWith } = await requireRun(folder);
  const { dataset, seed } = config;
  const keys = { dataset, download: false, seed, ...begunWith, ...(data === undefined ? {} : { data }) };
  const train = await loadSplit(keys, 'train', { onNote, onProgress });
  const held = await loadSplit(keys, heldOutSplit(config.dataset), { onNote, onProgress });
  const valid =
    heldOut === undefined || isText(held) || heldOut >= held.count ? held : subset(held, heldOut / held.count, 0);
  const run = await openOwnRun(folder, config, { train, valid });
  const branches = await OwnBranches.open(run, { optimizerState, anneal }, runtimeOf(request));
  return branches.source(momentsOf(run, listed(at)));
}

async function openCommand(
  request: BranchesRequest,
  { parts }: Control,
  more: Pick<CommandBranchOptions, 'reached' | 'checkRate'> = {},
): Promise<BranchSource> {
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
    ...more,
  });
}
