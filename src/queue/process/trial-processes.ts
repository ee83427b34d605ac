import { type ChildProcess, fork } from 'node:child_process';
import { type ChildModule, childModule } from '../../base/child-module.ts';
import type { ParentMessage, ProcessOrder, ServedReport } from './trial-process-messages.ts';

export interface EndedProcess {
  readonly pid: number;
  /** Why, in words; undefined when it ended well. */
  readonly failure: string | undefined;
  /** Whether the reason concerns all trials. */
  readonly fatal: boolean;
}

/** A process that computes trials, from outside. */
export class TrialProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<EndedProcess>;
  /** The graphics processors that were given to it. */
  readonly gpus: readonly string[] | undefined;

  /** @param module What it runs, which calls `serveTrials`. */
  constructor(
    order: ProcessOrder,
    onReport: (report: ServedReport) => void,
    module: ChildModule = childModule('trial-process', import.meta.url),
  ) {
    this.gpus = order.gpus;
    const { path, execArgv } = module;
    this.#child = fork(path, [JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      ...(execArgv && { execArgv: [...execArgv] }),
    });
    let said = '';
    let broken: { message: string; fatal: boolean } | undefined;
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    this.#child.on('message', (message) => {
      const report = message as ServedReport;
      if (report.kind === 'broken') broken = report;
      onReport(report);
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) =>
        resolve({ pid: this.pid, failure: `could not be started: ${error.message}`, fatal: true }),
      );
      this.#child.on('close', (code, signal) => {
        const last = said.trim().split('\n').at(-1);
        const how = signal ?? (code === 0 ? undefined : last || `exit code ${code}`);
        resolve({ pid: this.pid, failure: broken?.message ?? how, fatal: broken?.fatal ?? false });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Tells a process that its parent gives trials to. */
  tell(message: ParentMessage): void {
    // One that is gone hears nothing; its end is told by `ended`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Ends it at once: it gives no sign of life. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks it to finish its step, save and end. */
  stop(): void {
    this.#child.kill('SIGTERM');
  }
}
