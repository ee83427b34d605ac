/** Processes of the command line whose ends are looked at. */
import { type ChildProcess, spawn } from 'node:child_process';
import { builtCommand } from '../../support/built.ts';

export interface End {
  /** Its exit code, or the signal that ended it. */
  readonly how: number | NodeJS.Signals;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<End>;
}

/** More is a hang. */
const patience = 600_000;

/** Starts a program with the arguments; standard output is read and let go. */
export function startProgram(program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stdout.resume();
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  const end = new Promise<End>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ how: code ?? signal!, stderr });
    });
  });
  return { child, end };
}

/** The command line as the arguments of a program that starts others. */
export const commandLine = (args: readonly string[]): readonly string[] => [process.execPath, builtCommand(), ...args];

export const start = (args: readonly string[]): Running => startProgram(process.execPath, [builtCommand(), ...args]);
