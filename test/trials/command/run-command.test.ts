import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MeasurementRow } from '../../../src/store/index.ts';
import { type CommandRequest, type CommandSpec, runCommand } from '../../../src/trials/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-command-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A trial that runs a few lines of JavaScript. */
function specOf(script: string, more: Partial<CommandSpec> = {}, ...words: string[]): CommandSpec {
  const path = join(folder, 'script.mjs');
  writeFileSync(path, script);
  return {
    command: [process.execPath, path, ...words],
    args: {},
    booleans: 'flag',
    env: {},
    resume: null,
    checkpoints: null,
    metrics: { reader: null, files: null, pattern: null },
    probe: false,
    map: {},
    examples: 100,
    values: { batch: 8, microBatch: 8, lr: 0.1, seed: 3, steps: 10, warmup: 0, weightDecay: null, beta2: null },
    resources: { gpus: null, cpus: null },
    timeouts: { total: null, silence: null, grace: 2 },
    here: folder,
    cwd: folder,
    ...more,
  };
}

async function run(spec: CommandSpec, more: Partial<CommandRequest> = {}) {
  const rows: MeasurementRow[] = [];
  const begun: number[] = [];
  const result = await runCommand({
    spec,
    folder: join(folder, 'trial'),
    known: [],
    budgetSteps: spec.values.steps,
    budgetSeconds: null,
    signal: new AbortController().signal,
    onBegin: (step) => begun.push(step),
    onRow: (row) => rows.push(row),
    isOver: () => false,
    ...more,
  });
  return { ...result, rows, begun };
}

const printing = 'for (let s = 1; s <= 10; s++) console.log(`step: ${s} loss: ${1 / s}`);\n';
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('how a program ends is told apart:', () => {
  it('one that trains to its budget is complete, with its curve', async () => {
    const { status, rows, source } = await run(specOf(printing));
    expect(status).toBe('complete');
    expect(source).toBe('stdout');
    expect(rows.map((r) => [r.step, r.trainLoss, r.examples, r.epoch])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, 1 / (i + 1), 8 * (i + 1), (8 * (i + 1)) / 100]),
    );
  });

  it('an exit code is a failure that quotes the last lines', async () => {
    const { status, note } = await run(
      specOf('console.log("step: 1 loss: 2"); console.error("no such data"); process.exit(3);'),
    );
    expect(status).toBe('failed');
    expect(note).toMatch(/^exit code 3; it printed last: .*no such data/);
  });

  it.each([
    [
      'console.log("step: 1 loss: 2\\nstep: 2 loss: nan"); setTimeout(() => {}, 60_000);',
      /trainLoss was not finite at step 2/,
    ],
    ['console.error("RuntimeError: loss is nan"); process.exit(1);', /exit code 1/],
  ])('a loss that is not finite is infeasible, also before the program ends: %s', async (script, message) => {
    const { status, note } = await run(specOf(script));
    expect(status).toBe('infeasible');
    expect(note).toMatch(message);
  });

  it('want of memory is tried with smaller micro-batches where the command takes them', async () => {
    const script = `const [micro, accumulate] = process.argv.slice(2).map(Number);
if (micro > 2) { console.error('torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB'); process.exit(1); }
if (micro * accumulate !== 8) process.exit(9);
${printing}`;
    const { status, note, microBatch } = await run(specOf(script, {}, '${microBatch}', '${accumulate}'));
    expect([status, microBatch]).toEqual(['complete', 2]);
    expect(note).toMatch(/micro-batches of 8, tried with 4; .*of 4, tried with 2/);
    const fixed = await run(specOf('console.error("MemoryError"); process.exit(1);'));
    expect(fixed.status).toBe('failed');
    expect(fixed.note).toMatch(/out of memory .*\$\{microBatch\}/);
  });

  it('a program that stops far before its budget has not trained as long as it was to', async () => {
    const { status, note } = await run(specOf('for (let s = 1; s <= 4; s++) console.log(`step: ${s} loss: 1`);'));
    expect(status).toBe('failed');
    expect(note).toMatch(/ended by itself at step 4 of 10; put \$\{steps\}/);
  });

  it('silence beyond the timeout', async () => {
    const spec = specOf('console.log("step: 1 loss: 2"); setTimeout(() => {}, 60_000);', {
      timeouts: { total: null, silence: 0.4, grace: 1 },
    });
    const { status, note } = await run(spec);
    expect(status).toBe('failed');
    expect(note).toMatch(/timeout; last step 1/);
  });

  it('a program that is not there is said to be none', async () => {
    await expect(run({ ...specOf(''), command: ['no-such-program-here'] })).rejects.toThrow(
      /"no-such-program-here" cannot be started/,
    );
  });

  it('a log without a loss says what to write', async () => {
    await expect(run(specOf('console.log("it: 1 gain: 2");'))).rejects.toThrow(
      /map: \{ step: NAME \}.*it logs "it", "gain"|it logs/,
    );
  });
});

it('a curve that has what it is made for ends the whole group: SIGTERM, then SIGKILL for what does not listen', async () => {
  const script = `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => {});
const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'ignore' });
writeFileSync(process.argv[2] + '/pids', process.pid + ' ' + child.pid);
let s = 0;
setInterval(() => console.log('step: ' + ++s + ' loss: 1'), 30);`;
  const spec = specOf(
    script,
    { timeouts: { total: null, silence: null, grace: 0.5 }, values: { ...specOf('').values, steps: 10_000 } },
    '${dir}',
  );
  const { status } = await run(spec, { isOver: (curve) => curve.length >= 3, budgetSteps: 10_000 });
  expect(status).toBe('stopped');
  const pids = readFileSync(join(folder, 'trial/run/pids'), 'utf8').split(' ').map(Number);
  expect(pids.map(isAlive)).toEqual([false, false]);
});

it('what an earlier attempt has left running is ended before anything is started', async () => {
  const { spawn } = await import('node:child_process');
  const { processOf } = await import('../../../src/store/index.ts');
  const { mkdirSync } = await import('node:fs');
  const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  const ended = new Promise((resolve) => left.on('exit', (_, signal) => resolve(signal)));
  mkdirSync(join(folder, 'trial'));
  writeFileSync(join(folder, 'trial/process.json'), JSON.stringify(processOf(left.pid!)));
  expect((await run(specOf(printing))).status).toBe('complete');
  expect(await ended).toBe('SIGTERM');
});

it('hostile values reach the program as they are, no shell, and no file beyond the folder', async () => {
  const values = [
    '$(touch pwned)',
    '`touch pwned`',
    '"; touch pwned; "',
    "' || touch pwned '",
    'a\nb',
    '../../x',
    '$HOME',
    '*',
  ];
  const script = `import { writeFileSync } from 'node:fs';
writeFileSync(process.argv[2] + '/seen.json.txt', JSON.stringify([process.argv.slice(3), process.env.GIVEN]));
${printing}`;
  const spec = specOf(
    script,
    { args: Object.fromEntries(values.map((v, i) => [`v${i}`, v])), env: { GIVEN: values.join('|') } },
    '${dir}',
    '${args}',
    '$${seed}',
    ...values,
  );
  const { status } = await run(spec);
  expect(status).toBe('complete');
  const [args, given] = JSON.parse(readFileSync(join(folder, 'trial/run/seen.json.txt'), 'utf8'));
  expect(args).toEqual([...values.map((v, i) => `--v${i}=${v}`), '${seed}', ...values]);
  expect(given).toBe(values.join('|'));
  expect(existsSync(join(folder, 'pwned'))).toBe(false);
});

it('metric names of any kind are names, and stay in their place', async () => {
  const name = '$(touch pwned)/../../../etc "x"';
  const script = `import { writeFileSync } from 'node:fs';
writeFileSync(process.argv[2] + '/log.jsonl', Array.from({ length: 10 }, (_, i) => JSON.stringify({ step: i + 1, ${JSON.stringify(name)}: 1 / (i + 1) })).join('\\n') + '\\n');`;
  const { rows, source } = await run(specOf(script, { map: { valLoss: name } }, '${dir}'));
  expect(source).toBe('json-lines');
  expect(rows.map((r) => r.valLoss)).toEqual(Array.from({ length: 10 }, (_, i) => 1 / (i + 1)));
});

it('secrets of the environment are passed on, and stand in no file', async () => {
  process.env.BALLAST_TEST_API_KEY = 'hunter2-hunter2';
  try {
    const { status, note } = await run(
      specOf(
        'console.log("step: 1 loss: 1"); console.log("key " + process.env.BALLAST_TEST_API_KEY); process.exit(process.env.BALLAST_TEST_API_KEY === "hunter2-hunter2" ? 4 : 5);',
      ),
    );
    expect(status).toBe('failed');
    expect(note).toMatch(/^exit code 4; .*key \*\*\*/);
    expect(readFileSync(join(folder, 'trial/output.log'), 'utf8')).not.toContain('hunter2');
  } finally {
    delete process.env.BALLAST_TEST_API_KEY;
  }
});

it('placeholders are in the environment too, and the graphics processors are those given', async () => {
  const script = `import { readFileSync, writeFileSync } from 'node:fs';
const { BALLAST_BATCH, BALLAST_LR, BALLAST_SEED, BALLAST_STEPS, BALLAST_MICRO_BATCH, BALLAST_DIR, CUDA_VISIBLE_DEVICES } = process.env;
console.log('note ' + JSON.stringify([BALLAST_BATCH, BALLAST_LR, BALLAST_SEED, BALLAST_STEPS, BALLAST_MICRO_BATCH, BALLAST_DIR === process.argv[2], CUDA_VISIBLE_DEVICES, readFileSync(process.argv[3], 'utf8').trim()]));
${printing}`;
  const spec = specOf(script, { args: { batch_size: '${batch}', nesterov: true } }, '${dir}', '${args_json_file}');
  expect((await run(spec, { gpus: ['2', '3'] })).status).toBe('complete');
  const line = readFileSync(join(folder, 'trial/output.log'), 'utf8')
    .split('\n')
    .find((l) => l.startsWith('note '))!;
  expect(JSON.parse(line.slice(5))).toEqual([
    '8',
    '0.1',
    '3',
    '10',
    '8',
    true,
    '2,3',
    '{"batch_size":8,"nesterov":true}',
  ]);
});

it('output beyond its bound is put aside, and no row is lost by that', async () => {
  const spec = specOf(
    `for (let s = 1; s <= 400; s++) { process.stdout.write('step: ' + s + ' loss: ' + s + '\\n' + ('x'.repeat(60_000) + '\\n').repeat(2)); }`,
    { values: { ...specOf('').values, steps: 400 } },
  );
  const { rows, status } = await run(spec, { budgetSteps: 400 });
  expect(status).toBe('complete');
  expect(rows.map((r) => r.trainLoss)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
  expect(existsSync(join(folder, 'trial/output.log.1'))).toBe(true);
});
