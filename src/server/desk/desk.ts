import { type ChildProcess, fork } from 'node:child_process';
import { childModule } from '../../base/child-module.ts';
import type { RequestOf, ResponseOf } from '../../schema/serve/index.ts';
import { Refusal } from '../http/refusal.ts';
import type { DeskOperation, FromDesk, StudyChange, ToDesk } from './messages.ts';

/** Milliseconds that an answer may take unless told. */
const usualPatience = 300_000;

/** Most questions that wait for one desk. */
const mostWaiting = 256;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Refusal) => void;
  readonly timer: NodeJS.Timeout;
}

export interface DeskOptions {
  readonly folder: string;
  /** Milliseconds that an answer may take; five minutes unless told. */
  readonly patience?: number;
  readonly onChange?: (change: StudyChange) => void;
  /** What the folder holds has changed; `since`: when, in milliseconds since 1970. */
  readonly onFolder?: (since: number) => void;
}

/** A process that reads files for the server: a damaged one may end it, a large one keep it busy, and the server goes on. It is started anew when it is needed again. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #next = 1;
  #watching = false;
  #closed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Has its process ready before the first question, which else starts it. */
  start(): void {
    this.#started();
  }

  /** Throws Refusal. */
  ask<Name extends DeskOperation>(name: Name, request: RequestOf<Name>): Promise<ResponseOf<Name>> {
    if (this.#closed) throw new Refusal(503, 'the server ends');
    if (this.#waiting.size >= mostWaiting) throw new Refusal(503, 'too many questions wait for an answer; ask again');
    const id = this.#next++;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child?.kill('SIGKILL');
      }, this.#options.patience ?? usualPatience);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send({ id, name, request } as ToDesk);
    }) as Promise<ResponseOf<Name>>;
  }

  /** Whether it is to look for changes. */
  set watching(value: boolean) {
    if (value === this.#watching) return;
    this.#watching = value;
    this.#send({ watch: value });
  }

  close(): void {
    this.#closed = true;
    const child = this.#child;
    if (!child) return;
    // One that is in the middle of something long would hear of it only then.
    child.kill('SIGKILL');
    this.#ended(child, 'the server ends');
  }

  #send(message: ToDesk): void {
    if (this.#closed) return;
    const child = this.#child ?? this.#started();
    child.send(message, () => {
      // What could not be sent ends with the process, which its `exit` tells.
    });
  }

  #started(): ChildProcess {
    const { path, execArgv = process.execArgv } = childModule('desk-process', import.meta.url);
    const child = fork(path, [this.#options.folder], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      execArgv: [...execArgv],
    });
    this.#child = child;
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    child.on('message', (message) => this.#told(message as FromDesk));
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('exit', (code, signal) => this.#ended(child, signal ?? said.trim().split('\n').at(-1) ?? `code ${code}`));
    if (this.#watching) child.send({ watch: true });
    return child;
  }

  #told(message: FromDesk): void {
    if ('changed' in message) this.#options.onChange?.(message.changed);
    else if ('folder' in message) this.#options.onFolder?.(message.folder);
    else {
      const waiting = this.#waiting.get(message.id);
      if (!waiting) return;
      this.#waiting.delete(message.id);
      clearTimeout(waiting.timer);
      if ('error' in message) waiting.reject(new Refusal(message.status, message.error));
      else waiting.resolve(message.value);
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const ended = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of ended) {
      clearTimeout(timer);
      reject(new Refusal(500, `the process that reads files ended (${how}); it is started anew, ask again`));
    }
    // Changes are told of as soon as it looks again.
    if (this.#watching && !this.#closed)
      setTimeout(() => {
        if (!this.#child && this.#watching && !this.#closed) this.#started();
      }, 1000).unref();
  }
}
