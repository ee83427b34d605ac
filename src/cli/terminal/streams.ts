import { writeSync } from 'node:fs';

/** What says that nobody reads any more: of no interest to the computation, which goes on to its files. */
const gone = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET']);

/**
 * Keeps a closed or full standard output or error from ending the process in the middle: a reader that goes away (`ballast ... | head`) is no failure and
 * ends nothing; an output that cannot be written (a full disk) is told once, and makes the exit code 1 where it would be 0.
 */
export function guardStreams(): void {
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone.has(error.code ?? '') || told) return;
    told = true;
    const why = error.code === 'ENOSPC' ? 'no space left on the device' : (error.code ?? error.message);
    try {
      writeSync(2, `ballast: standard output cannot be written: ${why}\n`);
    } catch {
      // Nor can this.
    }
    process.exitCode ||= 1;
    process.on('exit', (code) => {
      if (code === 0) process.exitCode = 1;
    });
  });
  process.stderr.on('error', () => {
    // Progress that nobody can see.
  });
}
