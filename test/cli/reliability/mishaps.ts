/** What can happen to a command that writes, and what becomes of it and of its output. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { commandLine, type End, type Running, start, startProgram } from './run.ts';
import type { Writer } from './writers.ts';

/** What a command did when nothing happened to it. */
interface Usual {
  /** Milliseconds until its output was there, and until its end. */
  readonly begun: number;
  readonly done: number;
  /** Bytes that it wrote, whole blocks of 4096. */
  readonly bytes: number;
}

export interface Mishap {
  readonly name: string;
  /** Whether it can be seen of a command whose end is not waited for. */
  readonly early: boolean;
  /** Whether its output is in a file system of its own, which is empty. */
  readonly mounts?: boolean;
  /** What becomes of the command, in words; `fault: ...` for what should not be. */
  readonly meet: (writer: Writer, out: string, usual: Usual) => Promise<string>;
}

/** The second is also told where the first was put to sleep before it had said who it is. */
const ownedByAnother = /is being written by (ballast .* \(process \d+ on |another process)/;

const fault = (what: string) => `fault: ${what}`;

/** Files below a path, or the path itself. */
const filesAt = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map((name) => join(path, name))
        .filter((file) => statSync(file).isFile())
    : [path];

/** What is wrong with an output: nothing there, unfinished files, or files that end before their end. */
function brokenAt(out: string, leaves?: string): string | undefined {
  const result = leaves === undefined ? out : join(out, leaves);
  if (!existsSync(result)) return `${leaves ?? 'the output'} is missing`;
  for (const file of filesAt(out)) {
    if (file.endsWith('.tmp')) return `${file} is left over`;
    const text = () => readFileSync(file, 'utf8').trimEnd();
    if (/\.(html|svg)$/.test(file) && !/<\/(html|svg)>$/.test(text())) return `${file} is cut`;
    if (!file.endsWith('.json')) continue;
    try {
      JSON.parse(text());
    } catch {
      return `${file} is cut`;
    }
  }
  return undefined;
}

/** The one line of a command that failed, or what is wrong with how it told. */
function tellsOnce({ how, stderr }: End, code: number, what: RegExp): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.startsWith('ballast: '));
  if (how !== code) return `ended with ${how}, not ${code}: ${lines.join(' ') || stderr.slice(-200)}`;
  if (lines.length !== 1 || !what.test(lines[0]!) || /\n {4}at /.test(stderr)) return `said ${JSON.stringify(stderr)}`;
  return undefined;
}

/** The same command, to its end. */
async function again(writer: Writer, out: string): Promise<string | undefined> {
  const { how, stderr } = await start(writer.args(out)).end;
  return how === 0 ? brokenAt(out, writer.leaves) : `the same command then ended with ${how}: ${stderr.slice(-300)}`;
}

/** Waits until a command is in the middle of its work, or at its end. */
async function midway({ child }: Running, { base }: Writer, out: string, { begun, done }: Usual): Promise<void> {
  const since = performance.now();
  const running = () => child.exitCode === null && child.signalCode === null;
  // A folder that was there before does not tell; what computes nothing has its output only at the end.
  const early = base !== undefined || begun > 0.9 * done;
  while (running() && (early ? performance.now() - since < 0.7 * done : !existsSync(out))) await setTimeout(5);
  if (!early) await setTimeout(0.4 * (done - begun));
}

async function stopped(signal: 'SIGKILL' | 'SIGINT', writer: Writer, out: string, usual: Usual): Promise<string> {
  const running = start(writer.args(out));
  await midway(running, writer, out, usual);
  running.child.kill(signal);
  const end = await running.end;
  if (signal === 'SIGINT' && end.how !== 'SIGINT' && end.how !== 0) {
    const lines = end.stderr.split('\n').filter((line) => /interrupted|stopped at/.test(line));
    if (end.how !== 130 || lines.length !== 1) return fault(`ended with ${end.how}: ${end.stderr.slice(-300)}`);
  }
  if (writer.long) return signal === 'SIGINT' ? 'exit 130, one line' : '-';
  const wrong = await again(writer, out);
  return wrong === undefined ? 'done' : fault(wrong);
}

/** Runs what a shell does in a file system of its own: `$1` is where it may be mounted, the rest is the command. */
const mounted = (script: string, place: string, args: readonly string[]): Running =>
  startProgram('unshare', ['-rm', 'sh', '-c', script, 'sh', place, ...commandLine(args)]);

/** Whether a process may mount a file system of its own, without which full and read-only disks cannot be seen. */
export const mayMount = (): boolean =>
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** `$BASE` is copied to `$OUT` first. */
const laid = '[ -z "$BASE" ] || cp -r "$BASE" "$OUT"';

async function inMount(script: string, writer: Writer, out: string): Promise<End> {
  mkdirSync(out, { recursive: true });
  const inside = join(out, 'out');
  const settings = `BASE='${writer.base ?? ''}'; OUT='${inside}'; m=$1; shift;`;
  return mounted(`${settings} ${script}`, out, writer.args(inside)).end;
}

export const mishaps: readonly Mishap[] = [
  { name: 'killed, then again', early: false, meet: (...about) => stopped('SIGKILL', ...about) },
  { name: 'Ctrl-C, then again', early: true, meet: (...about) => stopped('SIGINT', ...about) },
  {
    name: 'two at once',
    early: true,
    meet: async (writer, out) => {
      const first = start(writer.args(out));
      const running = () => first.child.exitCode === null;
      while (running() && !existsSync(join(out, writer.shares ? 'study.sqlite' : '.owner.json'))) {
        if (writer.long && existsSync(join(out, 'shapes', 'study.sqlite'))) break;
        await setTimeout(2);
      }
      // While the owner sleeps, so that the second one surely meets it; those that share wait for each other.
      if (!writer.shares) first.child.kill('SIGSTOP');
      const second = start(writer.args(out));
      if (writer.long && writer.shares) {
        await setTimeout(5000);
        for (const { child } of [first, second]) child.kill('SIGINT');
        const codes = [(await first.end).how, (await second.end).how];
        return codes.every((code) => code === 130) ? 'share the work' : fault(`ended with ${codes.join(' and ')}`);
      }
      const end = await second.end;
      first.child.kill(writer.long ? 'SIGKILL' : 'SIGCONT');
      const { how } = await first.end;
      if (end.how !== 0) {
        // A file that is there already is no place for another, which is a mistake of the call.
        const wrong = writer.once ? tellsOnce(end, 2, /is there already/) : tellsOnce(end, 1, ownedByAnother);
        if (wrong !== undefined) return fault(wrong);
      }
      if (writer.long) return 'the second is refused';
      const wrong = how === 0 ? brokenAt(out, writer.leaves) : `the first ended with ${how}`;
      if (wrong !== undefined) return fault(wrong);
      return writer.shares ? 'share the work' : end.how === 0 ? 'both done' : 'the second is refused';
    },
  },
  {
    name: 'disk full, then room',
    early: false,
    mounts: true,
    meet: async (writer, out, { bytes }) => {
      // Room for half of what it needs, or for not one block.
      const room = bytes < 8192 ? 0 : Math.floor(bytes / 2048);
      const script = `
        mount -t tmpfs -o size=64m none "$m"; ${laid}
        head -c "$(($(df -k --output=avail "$m" | tail -1) - ${room}))k" /dev/zero > "$m/rest"
        "$@" > /dev/null; first=$?
        rm "$m/rest"
        "$@" > /dev/null; second=$?
        cp -r "$m" "${out}-kept"; echo "codes $first $second" >&2`;
      const { stderr } = await inMount(script, writer, out);
      const codes = /codes (\d+) (\d+)\n$/.exec(stderr);
      const how = codes ? Number(codes[1]) : 'SIGKILL';
      const wrong =
        tellsOnce({ how, stderr }, 1, /no space left/) ??
        (codes?.[2] === '0'
          ? brokenAt(join(`${out}-kept`, 'out'), writer.leaves)
          : `the same command then failed: ${stderr.slice(-300)}`);
      rmSync(`${out}-kept`, { recursive: true, force: true });
      return wrong === undefined ? 'exit 1, then done' : fault(wrong);
    },
  },
  {
    name: 'read-only folder',
    early: true,
    mounts: true,
    meet: async (writer, out) => {
      const script = `mount -t tmpfs none "$m"; ${laid}; mount -o remount,ro "$m"; exec "$@"`;
      const wrong = tellsOnce(await inMount(script, writer, out), 1, /the file system is read-only/);
      return wrong === undefined ? 'exit 1' : fault(wrong);
    },
  },
  {
    name: 'outputs closed',
    early: false,
    meet: async (writer, out) => {
      const { child, end } = start(writer.args(out));
      child.stdout?.destroy();
      child.stderr?.destroy();
      const { how } = await end;
      const wrong = how === 0 ? brokenAt(out, writer.leaves) : `ended with ${how}`;
      return wrong === undefined ? 'done' : fault(wrong);
    },
  },
  {
    name: 'standard output full',
    early: false,
    meet: async (writer, out) => {
      const script = 'exec "$@" > /dev/full';
      const end = await startProgram('sh', ['-c', script, 'sh', ...commandLine(writer.args(out))]).end;
      if (writer.silent) return end.how === 0 ? 'done' : fault(`ended with ${end.how}`);
      const wrong =
        tellsOnce(end, 1, /standard output cannot be written: no space left on the device/) ??
        brokenAt(out, writer.leaves);
      return wrong === undefined ? 'exit 1, files whole' : fault(wrong);
    },
  },
];

/** Runs a command whole and looks when its output came and how much it is; throws Error where it fails. */
export async function usually(writer: Writer, out: string): Promise<Usual> {
  const since = performance.now();
  const { child, end } = start(writer.args(out));
  let begun: number | undefined;
  while (child.exitCode === null && child.signalCode === null) {
    if (existsSync(out)) begun ??= performance.now() - since;
    await setTimeout(5);
  }
  const { how, stderr } = await end;
  const done = performance.now() - since;
  const wrong = how === 0 ? brokenAt(out, writer.leaves) : `ended with ${how}: ${stderr}`;
  if (wrong !== undefined) throw new Error(`${writer.name}: ${wrong}`);
  const kept = new Set(
    writer.base === undefined ? [] : readdirSync(writer.base, { recursive: true, encoding: 'utf8' }),
  );
  const written = filesAt(out).filter((file) => !kept.has(file.slice(out.length + 1)));
  const bytes = written.reduce((sum, file) => sum + Math.ceil(statSync(file).size / 4096) * 4096, 0);
  return { begun: begun ?? done, done, bytes };
}
