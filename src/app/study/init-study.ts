import { existsSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { Document, isCollection, isMap, visit } from 'yaml';
import { UsageError } from '../../base/errors.ts';
import { quote, writeFileAtomic } from '../../formats/index.ts';
import { parseStudyFile } from '../../study/index.ts';

/** What a study of a program, or of our own trainer, is to be. */
export interface StudyDraft {
  readonly name: string;
  readonly trained:
    | { readonly kind: 'command'; readonly command: readonly string[]; readonly examples: number }
    | { readonly kind: 'own'; readonly model: string; readonly dataset: string };
  readonly batchSizes: readonly number[];
  readonly rates: readonly number[];
  readonly seeds: readonly number[];
  readonly budget: { readonly epochs: number } | { readonly steps: number };
  readonly target: { readonly quantity: 'trainLoss' | 'valLoss' | 'valMetric'; readonly value: number } | undefined;
}

/** Options of programs whose value a trial decides, by what stands for it. Compared without hyphens, underscores and case. */
const knownOptions: Readonly<Record<string, readonly string[]>> = {
  '${batch}': ['bs', 'batch', 'batchsize', 'trainbatchsize', 'b'],
  '${microBatch}': ['microbatch', 'microbatchsize', 'perdevicetrainbatchsize'],
  '${accumulate}': [
    'accumulate',
    'accum',
    'accumulation',
    'gradaccum',
    'gradientaccumulationsteps',
    'accumulategradbatches',
  ],
  '${lr}': ['lr', 'learningrate', 'rate'],
  '${seed}': ['seed', 'randomseed'],
  '${steps}': ['steps', 'maxsteps', 'iters', 'iterations', 'maxiters', 'numsteps', 'trainsteps'],
  '${epochs}': ['epochs', 'numepochs', 'maxepochs', 'numtrainepochs'],
  '${warmup}': ['warmup', 'warmupsteps', 'warmupiters'],
  '${weightDecay}': ['wd', 'weightdecay'],
  '${beta2}': ['beta2', 'adambeta2'],
  '${dir}': [
    'out',
    'output',
    'outdir',
    'outputdir',
    'outputfolder',
    'logdir',
    'savedir',
    'rundir',
    'workdir',
    'defaultrootdir',
  ],
};
const resumeOptions = ['resume', 'resumefrom', 'resumefromcheckpoint', 'ckptpath', 'checkpoint', 'loadcheckpoint'];

/** A command with the values that a trial decides taken out of it. */
export interface CommandDraft {
  readonly command: readonly string[];
  readonly resume: readonly string[] | undefined;
  readonly settings: Readonly<Record<string, number>>;
  /** What was put where, for people: `--bs 64` is `${batch}`. */
  readonly replaced: readonly string[];
}

/** Puts placeholders into a command as somebody would type it. One that has some already is left as it is. */
export function draftCommand(words: readonly string[]): CommandDraft {
  if (words.some((word) => /\$\{\w+\}/.test(word)))
    return { command: words, resume: undefined, settings: {}, replaced: [] };
  const command: string[] = [];
  const replaced: string[] = [];
  const settings: Record<string, number> = {};
  let resume: string[] | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const match = /^(--?[A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(word);
    const key = match?.[1]?.replace(/[-_]/g, '').toLowerCase();
    const hasOwn = match?.[2] !== undefined;
    const next = words[i + 1];
    const value = hasOwn ? match![2] : next !== undefined && !/^--?[A-Za-z]/.test(next) ? next : undefined;
    const placeholder = Object.entries(knownOptions).find(([, names]) => key !== undefined && names.includes(key))?.[0];
    if (match && value !== undefined && key !== undefined && resumeOptions.includes(key)) {
      resume = hasOwn ? [`${match[1]}=\${checkpoint}`] : [match[1]!, '${checkpoint}'];
      replaced.push(`${match[1]} ${value} is in "resume"`);
    } else if (match && value !== undefined && placeholder !== undefined) {
      command.push(...(hasOwn ? [`${match[1]}=${placeholder}`] : [match[1]!, placeholder]));
      replaced.push(`${match[1]} ${value} is ${placeholder}`);
      if (placeholder === '${weightDecay}' || placeholder === '${beta2}')
        settings[placeholder.slice(2, -1)] = Number(value);
    } else {
      // A dollar sign of the user's own stays what it is.
      command.push(word.replaceAll('${', '$${'));
      continue;
    }
    if (!hasOwn) i++;
  }
  return { command, resume, settings, replaced };
}

/** A study file in YAML. */
export function studyText(draft: StudyDraft): { readonly text: string; readonly replaced: readonly string[] } {
  const { name, trained, batchSizes, rates, seeds, budget, target } = draft;
  let replaced: readonly string[] = [];
  let workload: Record<string, unknown>;
  if (trained.kind === 'own') workload = { name, model: trained.model, dataset: trained.dataset };
  else {
    const { command, resume, settings, replaced: found } = draftCommand(trained.command);
    replaced = found;
    const script = trained.command.slice(1).find((word) => /\.(?:py|m?js|jl|R|sh|lua)$/i.test(word));
    workload = {
      name,
      command,
      ...(resume ? { resume } : {}),
      examples: trained.examples,
      metrics: 'auto',
      ...(script === undefined ? {} : { inputs: [script] }),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
    };
  }
  if (target) {
    workload.targets = [target];
    if (target.quantity === 'valMetric' && trained.kind === 'command')
      workload.metric = { name: 'accuracy', direction: 'max' };
  }
  const document = new Document({
    name,
    workloads: [workload],
    batchSizes,
    baseBatch: batchSizes[Math.floor((batchSizes.length - 1) / 2)],
    strategies: ['tuned'],
    learningRates: rates,
    seeds,
    budget,
  });
  visit(document, {
    Collection(key, node, path) {
      const inList = path.some((p) => isCollection(p) && p.flow);
      // Lists of plain values and small mappings on one line.
      if (
        !inList &&
        path.length > 1 &&
        (!isMap(node) || node.items.length <= 3) &&
        node.items.every((item) => !isCollection(item))
      )
        if (key !== null) node.flow = path.length > 2 || !isMap(node);
    },
  });
  document.commentBefore =
    trained.kind === 'command'
      ? ' `ballast batch check` runs the command for a while and says what it recognized; docs/studies-of-commands.md lists what can stand here.'
      : ' docs/batch-studies.md lists what can stand here.';
  return { text: document.toString({ lineWidth: 150, flowCollectionPadding: false }), replaced };
}

/** Writes the study file, which must not be there. Throws UsageError for one that is, and StudyMistakes for a draft that makes no study. */
export async function writeStudyFile(path: string, draft: StudyDraft): Promise<readonly string[]> {
  requireFreePath(path);
  const { text, replaced } = studyText(draft);
  parseStudyFile(text, path);
  await writeFileAtomic(path, text);
  return replaced;
}

/** A mapping for `ballast batch import`, with what logs mostly do not say. */
export async function writeLogMapping(
  path: string,
  { examples }: { readonly examples: number | undefined },
): Promise<void> {
  requireFreePath(path);
  const document = new Document({
    ...(examples === undefined ? {} : { examples }),
    columns: {},
    set: {},
  });
  document.commentBefore =
    ' How logs are read: columns: {trainLoss: NAME}, set: {batchSize: 64}; docs/logs.md lists what can stand here.';
  await writeFileAtomic(path, document.toString());
}

/** Throws UsageError for a file that is there already, and for a folder that is not. */
export function requireFreePath(path: string): void {
  if (existsSync(path)) throw new UsageError(`${path}: is there already; choose another name`);
  if (!existsSync(dirname(resolve(path))))
    throw new UsageError(`${quote(dirname(path))}: no such folder; make it first`);
}

/** A study's name from a script: `train.py` in `mnist/` is `mnist`. */
export function nameFor(command: readonly string[], path: string): string {
  const script = command.find((word, i) => i > 0 && /\.\w{1,4}$/.test(word) && !word.startsWith('-'));
  const stem = script === undefined ? 'study' : basename(script).replace(/\.\w+$/, '');
  const folder = basename(dirname(resolve(path)));
  return stem === 'train' && /^[\w.-]+$/.test(folder) && relative('/', folder) !== ''
    ? folder
    : stem.replace(/[^\w.-]/g, '-');
}
