import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname, relative, resolve } from 'node:path';
import { BallastError, UsageError } from '../../base/errors.ts';
import { nearest } from '../../base/names.ts';
import { leastOf } from '../../base/statistics.ts';
import { nameProblem, quote, readFailure } from '../../formats/index.ts';
import { parseDuration } from '../../train/index.ts';
import {
  type CommandSpec,
  commandLineOf,
  filesMatching,
  isSecretName,
  listPlaceholders,
  mappedBy,
  placeholders,
  placeholdersIn,
} from '../../trials/index.ts';
import { ampleBudget } from '../../verdict/index.ts';
import type { CommandWorkload, GridPoint } from '../declare/grid.ts';
import type { Path } from '../declare/study-file.ts';
import { metricOfColumn } from '../import/mapping.ts';
import type { MeasuredWorkload } from '../measured/measured.ts';
import { type LaidOutWorkload, namedTargets, type PlannedTrial } from './laid-out-workload.ts';
import { microBatchOf, ruledRate } from './point-config.ts';
import { commandTrialId } from './trial-spec.ts';

/** Settings that a command can be told; the rest is among its arguments. */
const toldSettings = ['warmup', 'weightDecay', 'beta2'];
/** Seconds between asking a program to end and ending it. */
const usualGrace = 10;

interface Mistaken {
  readonly at: Path;
  readonly message: string;
  readonly places?: string;
}

/**
 * Lays a workload out that another program trains. Nothing is started; the declared files are read, because their content identifies the trials.
 *
 * @param here Folder of the study file.
 */
export async function layOutCommand(
  workload: CommandWorkload,
  points: readonly GridPoint[],
  here: string,
  keep: 'checkpoint' | 'model' | 'nothing',
): Promise<LaidOutWorkload> {
  const { entry, at } = workload;
  const mistakes: Mistaken[] = [...templateMistakes(workload), ...mapMistakes(workload)];
  const metric = metricFact(entry);
  if (metric === null && workload.targets.some((t) => t.quantity === 'valMetric'))
    mistakes.push({
      at,
      message:
        'a target is of valMetric, and nothing says what that is; name it, metric: { name: accuracy, direction: max }',
    });
  const inputs = await contentsOf(entry.inputs ?? [], here).catch((cause) => {
    if (!(cause instanceof BallastError)) throw cause;
    mistakes.push({ at: [...at, 'inputs'], message: cause.message });
    return {};
  });
  if (mistakes.length > 0) return { mistakes };
  const length = isToldItsLength(workload, points) ? 'told' : 'untold';
  const planned: PlannedTrial[] = [];
  const problems = new Map<string, Set<string>>();
  for (const point of points) {
    const place = `${point.strategy.name}, batch ${point.batchSize}`;
    try {
      const budgetSteps = stepsOf(point, entry.examples);
      const spec = specOf(workload, point, budgetSteps, here);
      // What has no value is found now, not by the first trial.
      commandLineOf(spec, { dir: here, beside: here, ...(entry.resume ? { checkpoint: here } : {}) });
      planned.push({
        point,
        budgetSteps,
        learningRate: spec.values.lr,
        id: commandTrialId(spec, inputs, length),
        formerId: commandTrialId(spec, inputs, length),
        specOf: (steps, rules) => ({
          kind: 'command',
          command: { ...spec, values: { ...spec.values, steps } },
          rules,
          keep,
        }),
      });
    } catch (cause) {
      if (!(cause instanceof BallastError)) throw cause;
      problems.set(cause.message, (problems.get(cause.message) ?? new Set()).add(place));
    }
  }
  const places = new Set(points.map((p) => `${p.strategy.name}, batch ${p.batchSize}`));
  for (const [message, where] of problems)
    mistakes.push({ at, message, ...(where.size === places.size ? {} : { places: [...where].join('; ') }) });
  if (planned.length === 0) return { mistakes };
  const facts: MeasuredWorkload = {
    name: workload.name,
    model: programName(entry.command),
    dataset: 'its own data',
    fraction: 1,
    complexity: null,
    examples: entry.examples,
    metric,
    parameters: null,
    targets: namedTargets(workload, metric),
  };
  return { mistakes, laidOut: { facts, flopsPerExample: undefined, points: planned } };
}

/** The script that is run, or the program: what stands for a model's name. */
function programName(command: readonly string[]): string {
  const script = command.find((word, i) => i > 0 && /^\.(?:py|js|mjs|ts|jl|R|sh|lua)$/i.test(extname(word)));
  const name = basename(script ?? command[0]!);
  return nameProblem(name) === undefined ? name : 'command';
}

/** What a command's held-out metric is: as it is named, or as its column is called; null where neither is said. */
export function metricFact({ metric, map }: CommandWorkload['entry']): MeasuredWorkload['metric'] {
  if (metric) return metric;
  return map?.valMetric === undefined ? null : metricOfColumn(map.valMetric);
}

/** Every text of a workload into which values are put, with where the file has it. */
function templatesOf({
  entry,
  at,
}: CommandWorkload): { readonly text: string; readonly at: Path; readonly key: string }[] {
  const { command, args = {}, env = {}, resume = [], cwd, metrics } = entry;
  const list = (key: string, texts: readonly string[]) => texts.map((text, i) => ({ text, at: [...at, key, i], key }));
  const record = (key: string, values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).map(([name, value]) => ({ text: String(value), at: [...at, key, name], key }));
  const files = typeof metrics === 'object' ? [metrics.files ?? []].flat() : [];
  return [
    ...list('command', command),
    ...list('resume', resume),
    ...record('args', args),
    ...record('env', env),
    ...(cwd === undefined ? [] : list('cwd', [cwd])),
    ...list('metrics', files),
  ];
}

function templateMistakes(workload: CommandWorkload): Mistaken[] {
  const known = Object.keys(placeholders);
  const found: Mistaken[] = [];
  for (const { text, at, key } of templatesOf(workload)) {
    for (const name of placeholdersIn(text)) {
      if (!known.includes(name)) {
        const hint = nearest(name, known);
        const meant = hint === undefined ? '' : `, did you mean \${${hint}}?`;
        found.push({
          at,
          message: `${key}: unknown ${quote(`\${${name}}`)}${meant}; expected ${known.map((n) => `\${${n}}`).join(' ')}, or $\${...} for text that is no placeholder`,
        });
      } else if (name === 'checkpoint' && key !== 'resume')
        found.push({
          at,
          message: `${key}: \${checkpoint} has a value in "resume" alone, which is added where a trial goes on`,
        });
      else if (
        listPlaceholders.some((l) => l === name) &&
        (text !== `\${${name}}` || !['command', 'resume'].includes(key))
      )
        found.push({
          at,
          message: `${key}: \${${name}} stands for several entries; expected it as an entry of its own, got ${quote(text)}`,
        });
      else if (key === 'metrics' && !['dir', 'here', 'batch', 'seed', 'lr'].includes(name))
        found.push({
          at,
          message: `${key}: ${quote(`\${${name}}`)} stands in no name of a log; expected \${dir}, \${here}, \${batch}, \${seed} or \${lr}`,
        });
    }
  }
  const { env = {} } = workload.entry;
  for (const name of Object.keys(env))
    if (isSecretName(name))
      found.push({
        at: [...workload.at, 'env', name],
        message: `env: ${name} looks like a secret, and a study file is stored; leave it out: what is in the environment of ballast is passed on, and never stored`,
      });
  return found;
}

function mapMistakes({ entry, at }: CommandWorkload): Mistaken[] {
  return Object.entries(entry.map ?? {}).flatMap(([quantity, text]) => {
    try {
      mappedBy(text);
      return [];
    } catch (cause) {
      if (!(cause instanceof UsageError)) throw cause;
      return [{ at: [...at, 'map', quantity], message: cause.message }];
    }
  });
}

/** Whether the program learns how long it trains: then its schedule may depend on that, and another length is another trial. */
function isToldItsLength(workload: CommandWorkload, points: readonly GridPoint[]): boolean {
  const texts = [
    ...templatesOf(workload).map((t) => t.text),
    ...points.flatMap((p) => Object.values(p.strategy.args ?? {}).map(String)),
  ];
  return texts.flatMap(placeholdersIn).some((name) => ['steps', 'examples', 'epochs'].includes(name));
}

const whole = (count: number) => Math.max(1, Math.ceil(Number(count.toPrecision(12))));

function stepsOf({ workload, strategy, batchSize }: GridPoint, examples: number): number {
  const { budget = workload.budget, trainLonger } = strategy;
  const { leastSteps = 0 } = budget;
  const steps = typeof budget.steps === 'object' ? budget.steps[String(batchSize)] : budget.steps;
  if (budget.steps !== undefined && steps === undefined)
    throw new UsageError(
      `the budget has no steps for batch size ${batchSize}; it has them for ${Object.keys(budget.steps).join(', ')}`,
    );
  if (batchSize > examples)
    throw new UsageError(`the batch has more examples than an epoch, which has ${examples} (examples:)`);
  const counts = [
    ...(budget.epochs === undefined ? [] : [whole((budget.epochs * trainLonger * examples) / batchSize)]),
    ...(budget.examples === undefined ? [] : [whole((budget.examples * trainLonger) / batchSize)]),
    ...(steps === undefined ? [] : [whole(steps * trainLonger)]),
  ];
  return Math.max(1, Math.ceil(ampleBudget * leastSteps), leastOf(counts));
}

/** Throws UsageError for settings that a command cannot be told. */
function specOf(workload: CommandWorkload, point: GridPoint, steps: number, here: string): CommandSpec {
  const { entry } = workload;
  const { strategy, batchSize, seed } = point;
  const settings = Object.fromEntries(
    Object.entries({ ...workload.settings, ...strategy.settings }).filter(([, value]) => value !== undefined),
  );
  const untold = Object.keys(settings).filter((key) => !toldSettings.includes(key));
  if (untold.length > 0)
    throw new UsageError(
      `no command can be told settings.${untold[0]}${strategy.settings.optimizer === undefined ? '' : ` (of strategy ${strategy.name})`}; make it an argument, args: { NAME: VALUE }, of the workload or the strategy`,
    );
  const { metrics = 'auto', resources = {}, timeouts = {} } = entry;
  const read = metrics === 'auto' ? {} : metrics;
  return {
    command: entry.command,
    args: { ...entry.args, ...strategy.args },
    booleans: entry.booleans ?? 'flag',
    env: Object.fromEntries(Object.entries(entry.env ?? {}).map(([name, value]) => [name, String(value)])),
    resume: entry.resume ?? null,
    checkpoints: entry.checkpoints ?? null,
    metrics: {
      reader: read.reader ?? null,
      files: read.files === undefined ? null : [read.files].flat(),
      pattern: read.pattern ?? null,
    },
    map: entry.map ?? {},
    probe: entry.probe ?? false,
    examples: entry.examples,
    values: {
      batch: batchSize,
      microBatch: microBatchOf(point, (size) => size),
      lr: ruledRate(point),
      seed,
      steps,
      warmup: warmupOf(settings.warmup, batchSize, entry.examples, steps),
      weightDecay: numberOrNull(settings.weightDecay),
      beta2: numberOrNull(settings.beta2),
    },
    resources: { gpus: resources.gpus ?? null, cpus: resources.cpus ?? null },
    timeouts: { total: timeouts.total ?? null, silence: timeouts.silence ?? null, grace: timeouts.grace ?? usualGrace },
    here,
    cwd: cwdOf(entry.cwd, here),
  };
}

/** Relative to the study file's folder, unless it begins with a placeholder. */
const cwdOf = (cwd: string | undefined, here: string) =>
  cwd === undefined ? here : cwd.startsWith('$') ? cwd : resolve(here, cwd);

const numberOrNull = (value: unknown) => (typeof value === 'number' ? value : null);

function warmupOf(warmup: unknown, batchSize: number, examples: number, steps: number): number {
  if (typeof warmup !== 'string') return 0;
  const { amount, unit } = parseDuration(warmup, 'warmup');
  const count = unit === 'st' ? amount : unit === 'ep' ? (amount * examples) / batchSize : amount / batchSize;
  const found = amount === 0 ? 0 : whole(count);
  if (found > steps) throw new UsageError(`the warm-up of ${warmup} is longer than the budget`);
  return found;
}

/** SHA-256 of each declared file, by its path from the study file. Throws UsageError for a pattern without a file, and for what is none. */
async function contentsOf(patterns: readonly string[], here: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const pattern of patterns) {
    const files = await filesMatching(here, pattern);
    if (files.length === 0) throw new UsageError(`inputs: no file is ${quote(pattern)}`);
    for (const path of files) {
      const facts = await stat(path).catch((cause) => {
        throw new UsageError(`inputs: ${quote(pattern)} ${readFailure(cause)}; expected a file`, { cause });
      });
      if (!facts.isFile())
        throw new UsageError(
          `inputs: ${quote(pattern)} is no file; expected one, or a pattern such as ${quote(`${pattern}/**`)}`,
        );
      const hash = createHash('sha256');
      for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
      found[relative(here, path)] = hash.digest('hex');
    }
  }
  return found;
}
