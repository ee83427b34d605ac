import type { Fence, Offer, Requirements } from '../../schema/index.ts';

/** A class of trials: what they take of a worker. Each is a queue of its own, and a worker listens to those that it can serve. */
export interface TrialClass {
  readonly requires: Requirements;
  /** Identity of the data that they learn from, where that has to be found; the beginning of a SHA-256. */
  readonly data: string | null;
}

/** Names in Redis. */
export class RedisKeys {
  /** Of all keys, those of BullMQ among them. */
  readonly prefix: string;

  constructor(namespace: string) {
    this.prefix = `ballast:${namespace}`;
  }

  /** Names of the classes that there are. */
  get classes(): string {
    return `${this.prefix}:classes`;
  }

  /** What a worker says of itself; goes by itself when it is silent. */
  worker(name: string): string {
    return `${this.prefix}:worker:${name}`;
  }

  get workers(): string {
    return `${this.prefix}:workers`;
  }

  /** What workers say of a study's trials: a stream. */
  events(study: string): string {
    return `${this.prefix}:events:${study}`;
  }

  /** By trial, the attempt that owns it; those before it are over. */
  fences(study: string): string {
    return `${this.prefix}:fences:${study}`;
  }

  /** By attempt, the step that is done. */
  steps(study: string): string {
    return `${this.prefix}:steps:${study}`;
  }

  /** Files of an attempt on their way to the coordinator: a list of pieces. */
  files(study: string, { trial, attempt }: Fence): string {
    return `${this.prefix}:files:${study}:${trial}:${attempt}`;
  }

  /** Names of the folders that come with a study. */
  folders(study: string): string {
    return `${this.prefix}:folders:${study}`;
  }

  /** One of them: a list of pieces of files. */
  folder(study: string, name: string): string {
    return `${this.prefix}:folder:${study}:${name}`;
  }

  /** There while nothing of the study is given out. */
  drain(study: string): string {
    return `${this.prefix}:drain:${study}`;
  }
}

export const className = ({ requires: { gpus, cpus, memory, command }, data }: TrialClass): string =>
  [command ? 'command' : 'own', gpus, cpus, memory, data ?? '-'].join('_');

/** What a class is called that was named so; undefined for a name that is none. */
export function classNamed(name: string): TrialClass | undefined {
  const match = /^(own|command)_(\d{1,6})_(\d{1,6})_(\d{1,15})_(-|[0-9a-f]{12})$/.exec(name);
  if (!match) return undefined;
  const [, kind, gpus, cpus, memory, data] = match;
  const requires = { gpus: Number(gpus), cpus: Number(cpus), memory: Number(memory), command: kind === 'command' };
  return { requires, data: data === '-' ? null : data! };
}

export const jobId = (study: string, { trial, attempt }: Fence): string => `${study}-${trial}-${attempt}`;

/** BullMQ's priorities: 1 comes first, about two million last. */
export const bullPriority = ({ priority, work }: Pick<Offer, 'priority' | 'work'>): number =>
  1 + (1000 - priority) * 1000 + (999 - Math.min(999, Math.round(10 * Math.log2(1 + work))));
