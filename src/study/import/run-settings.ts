import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { readBytes } from '../../formats/index.ts';
import { runConfigKind } from '../../schema/index.ts';
import { type LogValue, namedGroups, valuesOfObject } from '../../trials/index.ts';

const configNames = [
  'hparams.yaml',
  'config.yaml',
  'config.yml',
  'config.json',
  'args.json',
  'hparams.json',
  'params.json',
  'opt.json',
];
const largest = 1 << 20;

/** Hyperparameters that lie beside logs, by the folder; each file is read once. */
export class ConfigFiles {
  readonly #root: string;
  readonly #folders = new Map<string, Promise<ReadonlyMap<string, LogValue>>>();

  /** Folders above `root` are not looked at. */
  constructor(root: string) {
    this.#root = resolve(root);
  }

  /** What the configuration nearest to a log says: in its folder, in `files/` of it (Weights & Biases), or in one above. Empty where there is none. */
  async near(path: string): Promise<{ readonly from: string; readonly values: ReadonlyMap<string, LogValue> }> {
    for (let folder = resolve(dirname(path)); ; folder = dirname(folder)) {
      for (const place of [folder, join(folder, 'files')]) {
        const values = await this.#in(place);
        if (values.size > 0) return { from: place, values };
      }
      if (folder === this.#root || folder === dirname(folder) || !folder.startsWith(this.#root))
        return { from: '', values: new Map() };
    }
  }

  #in(folder: string): Promise<ReadonlyMap<string, LogValue>> {
    const known = this.#folders.get(folder);
    if (known) return known;
    const values = configIn(folder);
    this.#folders.set(folder, values);
    return values;
  }
}

async function configIn(folder: string): Promise<ReadonlyMap<string, LogValue>> {
  const there = new Set(await readdir(folder).catch(() => []));
  for (const name of configNames) {
    if (!there.has(name)) continue;
    const path = join(folder, name);
    if ((await stat(path)).size > largest) continue;
    const values = settingsOf(Buffer.from(await readBytes(path, 'a configuration')).toString('utf8'));
    if (values.size > 0) return values;
  }
  return new Map();
}

/** Values of a configuration in YAML or JSON; Weights & Biases keeps each under `value`. Empty for what is no such thing: a file of another program is no mistake. */
function settingsOf(text: string): Map<string, LogValue> {
  try {
    const document: unknown = parse(text, { logLevel: 'silent', maxAliasCount: 100 });
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return new Map();
    // A run of ours has its settings as a document.
    const settings =
      'kind' in document && document.kind === runConfigKind.kind && 'result' in document ? document.result : document;
    if (typeof settings !== 'object' || settings === null) return new Map();
    return new Map([...valuesOfObject(settings)].map(([name, value]) => [name.replace(/\.value$/, ''), value]));
  } catch {
    return new Map();
  }
}

/** What a run is by its name. */
export interface NamedSettings {
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly strategy?: string;
}

const decimals = String.raw`(\d+(?:\.\d+)?(?:e-?\d+)?|\.\d+)`;
const usual = {
  batchSize: /(?<![a-z])(?:global_?)?(?:bs|bsz|b|batch|batch[_-]?size)[_=-]?(\d+)(?![\d.]|[a-z])/i,
  learningRate: new RegExp(`(?<![a-z])(?:lr|learning[_-]?rate)[_=-]?${decimals}(?![\\d.]*[a-z])`, 'i'),
  seed: /(?<![a-z])seed[_=-]?(\d+)(?![\d.]|[a-z])/i,
} as const;

/**
 * Reads names such as `bs64_lr0.1/seed2`; with a pattern of the user's, by its groups `batchSize`, `learningRate`, `seed`, `strategy` instead. Throws UsageError for a pattern that is none, has none of these groups or takes too long.
 */
export function namedSettings(pattern?: string): (name: string) => NamedSettings {
  if (pattern === undefined)
    return (name) => {
      const number = (regex: RegExp) => {
        // A name that says two batch sizes says none.
        const all = [...name.slice(0, 500).matchAll(new RegExp(regex.source, 'gi'))].map((m) => Number(m[1]));
        return new Set(all).size === 1 ? all[0] : undefined;
      };
      return defined({
        batchSize: number(usual.batchSize),
        learningRate: number(usual.learningRate),
        seed: number(usual.seed),
      });
    };
  const match = namedGroups(pattern, 'names:', settingNames);
  return (name) => {
    const groups = new Map(match([name])[0]);
    const number = (group: string) => {
      const text = groups.get(group);
      return text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text);
    };
    return defined({
      batchSize: number('batchSize'),
      learningRate: number('learningRate'),
      seed: number('seed'),
      strategy: groups.get('strategy'),
    });
  };
}

const settingNames = ['batchSize', 'learningRate', 'seed', 'strategy'];

const defined = (settings: { [K in keyof NamedSettings]: NamedSettings[K] | undefined }): NamedSettings =>
  Object.fromEntries(Object.entries(settings).filter(([, v]) => v !== undefined));
