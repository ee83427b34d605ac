/** What becomes of commands that write when something goes wrong: the table in docs/reliability.md. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { smallStudy } from '../support/batch-study.ts';
import { builtCommand } from '../support/built.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-reliability-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const study = join(root, 'study.yaml');
beforeAll(() => writeFileSync(study, smallStudy));

/** A command that writes a folder, long enough to be met in the middle. */
interface Writer {
  readonly args: (out: string) => readonly string[];
  /** Something in its folder that is there once it computes. */
  readonly begun: string;
  /** What it leaves when it is done. */
  readonly result: string;
  /** Whether two of them work in one folder together. */
  readonly shares: boolean;
}

const writers: Readonly<Record<string, Writer>> = {
  train: {
    args: (out) =>
      [
        'train',
        '--model',
        'resnet8',
        '--dataset',
        'shapes',
        '--fraction',
        '0.05',
        '--batch-size',
        '25',
        '--max-steps',
        '60',
      ].concat(['--checkpoint-every', '5st', '--log-every', '5st', '--threads', '1', '--out', out]),
    begun: 'metrics.jsonl',
    result: 'model.safetensors',
    shares: false,
  },
  'batch run': {
    args: (out) => ['batch', 'run', study, '--threads', '2', '--out', out],
    begun: 'study.sqlite',
    result: 'study.sqlite',
    shares: true,
  },
};

const start = (args: readonly string[]) =>
  spawn(process.execPath, [builtCommand(), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
const run = (args: readonly string[]) => spawnSync(process.execPath, [builtCommand(), ...args], { encoding: 'utf8' });
const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.on('close', resolve));

async function meet(child: ChildProcess, out: string, { begun }: Writer): Promise<void> {
  while (child.exitCode === null && !existsSync(join(out, begun))) await setTimeout(20);
}

const cases: Readonly<Record<string, (writer: Writer, out: string) => Promise<string>>> = {
  'killed, then again': async (writer, out) => {
    const child = start(writer.args(out));
    await meet(child, out, writer);
    child.kill('SIGKILL');
    await ended(child);
    expect(run(writer.args(out)).status).toBe(0);
    expect(existsSync(join(out, writer.result))).toBe(true);
    return 'goes on';
  },
  'two at once': async (writer, out) => {
    const first = start(writer.args(out));
    const end = ended(first);
    await meet(first, out, writer);
    const second = run(writer.args(out));
    if (!writer.shares) expect(second.stderr).toMatch(/is being written by ballast .* \(process \d+ on /);
    expect(second.status).toBe(writer.shares ? 0 : 1);
    expect(await end).toBe(0);
    return writer.shares ? 'share the trials' : 'the second is refused';
  },
  'standard error closed': async (writer, out) => {
    const child = start(writer.args(out));
    child.stderr.destroy();
    expect(await ended(child)).toBe(0);
    expect(existsSync(join(out, writer.result))).toBe(true);
    return 'goes on';
  },
  'standard output full': async (writer, out) => {
    if (!existsSync('/dev/full')) return 'exit 1, one line';
    const command = `"$@" > /dev/full`;
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', command, 'sh', process.execPath, builtCommand(), ...writer.args(out)],
      { encoding: 'utf8' },
    );
    expect(stderr).toMatch(/ballast: standard output cannot be written: no space left on the device/);
    expect(status).toBe(1);
    expect(existsSync(join(out, writer.result))).toBe(true);
    return 'exit 1, files whole';
  },
  'folder that takes nothing': async (writer) => {
    const { status, stderr } = run(writer.args('/proc/ballast'));
    expect(stderr).toMatch(/ballast: \/proc\/ballast.*: cannot be written/);
    expect(status).toBe(1);
    return 'exit 1, one line';
  },
};

it('is what docs/reliability.md says', async () => {
  const rows: string[] = [];
  for (const [name, writer] of Object.entries(writers)) {
    const cells: string[] = [];
    for (const [i, work] of Object.values(cases).entries()) cells.push(await work(writer, join(root, `${name} ${i}`)));
    rows.push(`| \`${name}\` | ${cells.join(' | ')} |`);
  }
  const head = [
    `| command | ${Object.keys(cases).join(' | ')} |`,
    `|${' --- |'.repeat(Object.keys(cases).length + 1)}`,
  ];
  expect(readFileSync('docs/reliability.md', 'utf8')).toContain([...head, ...rows].join('\n'));
}, 900_000);
