import { join } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { filledIn, listPlaceholders } from './placeholders.ts';
import type { CommandSpec } from './spec.ts';

/** Where a run of a trial is. */
export interface RunPlace {
  /** Folder of its files: `${dir}`. */
  readonly dir: string;
  /** Folder for what Ballast writes beside it. */
  readonly beside: string;
  /** It goes on from here; undefined when it begins. */
  readonly checkpoint?: string | undefined;
  /** Examples in memory at a time, where less than the study says had to do. */
  readonly microBatch?: number | undefined;
}

/** A command with everything put in: what is started, and never read by a shell. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Variables besides those that are passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** What `${args_json_file}` holds, and where. */
  readonly argsFile: { readonly path: string; readonly text: string };
}

const number = (value: number) => String(value);

/** Epochs of a budget, as a program counts them: whole, and as many as it takes where each drops its last, incomplete batch. It is ended at the budget's steps. */
const wholeEpochs = ({ examples, values }: CommandSpec) =>
  Math.max(1, Math.ceil(values.steps / Math.max(1, Math.floor(examples / values.batch))));

/** The command line of a trial. Throws UsageError for a placeholder that has no value. */
export function commandLineOf(spec: CommandSpec, place: RunPlace): CommandLine {
  const { values } = spec;
  const microBatch = place.microBatch ?? values.microBatch;
  const argsPath = join(place.beside, 'args.json');
  const plain: Record<string, string | undefined> = {
    batch: number(values.batch),
    microBatch: number(microBatch),
    accumulate: number(values.batch / microBatch),
    lr: number(values.lr),
    seed: number(values.seed),
    steps: number(values.steps),
    examples: number(values.steps * values.batch),
    epochs: number(wholeEpochs(spec)),
    warmup: number(values.warmup),
    weightDecay: values.weightDecay === null ? undefined : number(values.weightDecay),
    beta2: values.beta2 === null ? undefined : number(values.beta2),
    dir: place.dir,
    here: spec.here,
    checkpoint: place.checkpoint,
    args_json_file: argsPath,
  };
  const valueNamed = (name: string): string => {
    const value = Object.hasOwn(plain, name) ? plain[name] : undefined;
    if (value === undefined)
      throw new UsageError(
        name === 'weightDecay' || name === 'beta2'
          ? `\${${name}} has no value; set it, settings: { ${name}: ... }`
          : `\${${name}} has no value here`,
      );
    return value;
  };
  const put = (text: string) => filledIn(text, valueNamed);
  const named = Object.entries(spec.args).map(
    ([name, value]) => [name, typeof value === 'string' ? put(value) : value] as const,
  );
  const lists: Record<string, string[]> = {
    args: argumentsOf(named, '--', spec.booleans),
    args_no_hyphens: argumentsOf(named, '', spec.booleans),
  };
  const words = [...spec.command, ...(place.checkpoint === undefined ? [] : (spec.resume ?? []))].flatMap((text) => {
    const list = listPlaceholders.find((name) => text === `\${${name}}`);
    return list ? lists[list]! : [put(text)];
  });
  const cwd = put(spec.cwd);
  const variables = Object.fromEntries(
    Object.entries(plain).flatMap(([name, value]) => (value === undefined ? [] : [[variableOf(name), value]])),
  );
  return {
    program: words[0]!,
    args: words.slice(1),
    cwd,
    env: {
      ...variables,
      BALLAST_ARGS: JSON.stringify(lists.args),
      BALLAST_ARGS_NO_HYPHENS: JSON.stringify(lists.args_no_hyphens),
      ...Object.fromEntries(Object.entries(spec.env).map(([name, text]) => [name, put(text)])),
    },
    argsFile: {
      path: argsPath,
      text: `${JSON.stringify(Object.fromEntries(named.map(([n, v]) => [n, asJson(v)])))}\n`,
    },
  };
}

/** `microBatch` is `BALLAST_MICRO_BATCH`. */
export const variableOf = (placeholder: string): string =>
  `BALLAST_${placeholder.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()}`;

/** What was put in as text is a number again where it is one. */
const asJson = (value: string | number | boolean) =>
  typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;

function argumentsOf(
  named: readonly (readonly [string, string | number | boolean])[],
  hyphens: string,
  booleans: CommandSpec['booleans'],
): string[] {
  return named.flatMap(([name, value]) => {
    if (typeof value !== 'boolean' || booleans === 'equals' || hyphens === '') return [`${hyphens}${name}=${value}`];
    if (value) return [`${hyphens}${name}`];
    return booleans === 'no-' ? [`${hyphens}no-${name}`] : [];
  });
}
