/** The probe in PyTorch scripts: it changes no number, tells the noise scale, keeps a user's own sitecustomize, and costs next to nothing. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStudy } from '../../../src/study/index.ts';
import { ballastProcess } from '../../support/ballast.ts';

const python = '/usr/bin/python3';
const probe = resolve('python');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-probe-'));
  cpSync('examples/pytorch', folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(words: readonly string[], env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(python, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}
const probed = (name: string, more: Record<string, string> = {}) => ({
  PYTHONPATH: probe,
  BALLAST_PROBE: join(folder, `${name}.jsonl`),
  ...more,
});
const linesOf = (name: string): Record<string, number>[] =>
  readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Two micro-batches a step of known gradients, with what the noise scale of them is. */
const known = `
import torch
w = torch.nn.Parameter(torch.zeros(2))
o = torch.optim.SGD([w], lr=0.0)
for step in range(4):
    o.zero_grad()
    for g in ([3.0, 1.0], [1.0, 1.0]):
        ((w * torch.tensor(g)).sum() / 2).backward()
    o.step()
`;

/** A step that takes as long as small networks do on a processor. */
const smallStep = `
import cProfile, pstats, time, torch
torch.set_num_threads(1)
torch.manual_seed(0)
m = torch.nn.Sequential(*[torch.nn.Sequential(torch.nn.Linear(256, 256), torch.nn.ReLU()) for _ in range(4)], torch.nn.Linear(256, 10))
o = torch.optim.AdamW(m.parameters(), lr=1e-3)
x, y = torch.randn(256, 256), torch.randint(10, (256,))
def step():
    loss = torch.nn.functional.cross_entropy(m(x), y)
    o.zero_grad(); loss.backward(); o.step()
for _ in range(30): step()
`;

/** That step many times; the time of the process itself. */
const timed = `${smallStep}
best = 1e9
for _ in range(12):
    began = time.process_time()
    for _ in range(40): step()
    best = min(best, time.process_time() - began)
print(best)
`;

/**
 * That step many times; how often the probe's hooks ran, and the share of the time that the probe takes: all that the hooks do (they run in `guarded`), and what
 * the functions in front of the optimizer's step and of `backward` take themselves. A profile makes Python's calls dearer, so the share is rather too large.
 */
const profiled = `${smallStep}
def train():
    for _ in range(500): step()
profile = cProfile.Profile()
profile.runcall(train)
total = hooks = around = calls = 0
for (file, line, name), (_, count, own, cumulative, _) in pstats.Stats(profile).stats.items():
    total += own
    if not file.endswith('sitecustomize.py'): continue
    if name == 'guarded': hooks, calls = cumulative, count
    if name in ('step', 'backward'): around += own
print(calls, (hooks + around) / total)
`;

/** A quadratic loss, along whose gradient the curvature is g'Hg / g'g, which each step prints. */
const quadratic = `
import torch
h = torch.tensor([4.0, 1.0, 0.5])
w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
o = torch.optim.SGD([w], lr=0.01)
for step in range(6):
    o.zero_grad()
    (0.5 * (h * w * w).sum()).backward()
    g = w.grad
    print(float((h * g * g).sum() / (g * g).sum()))
    o.step()
`;

/** Batch norm, dropout, in-place functions, two micro-batches and Adam; each step looks along its own update for the first multiple at which the loss rises, on a copy of the network. */
const stochastic = `
import copy, torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(1)
m = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Flatten(), nn.Linear(8 * 64, 10))
o = torch.optim.AdamW(m.parameters(), lr=0.003)
for step in range(3):
    parts = [(torch.randn(16, 3, 8, 8), torch.randint(10, (16,))) for _ in range(2)]
    before, start = copy.deepcopy(m), torch.get_rng_state()
    o.zero_grad()
    for x, y in parts: (F.cross_entropy(m(x), y, label_smoothing=0.1) / 2).backward()
    o.step()
    end, now = copy.deepcopy(m.state_dict()), torch.get_rng_state()
    def at(s):
        n = copy.deepcopy(before)
        with torch.no_grad():
            for (k, p), (_, b) in zip(n.named_parameters(), before.named_parameters()): p.copy_(b + s * (end[k] - b))
            torch.set_rng_state(start)
            return sum(float(F.cross_entropy(n(x), y, label_smoothing=0.1)) / 2 for x, y in parts)
    s, first = 0.05, at(0)
    while at(s) <= first: s *= 1.02
    torch.set_rng_state(now)
    print(s)
`;

/** Losses of which no tape can be made: a function with a derivative of its own, and an input that is changed. */
const beyond = {
  own: `
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return 2 * x
    @staticmethod
    def backward(ctx, g): return 2 * g
loss = lambda x: Double.apply(w * x).sum()`,
  changed: 'loss = lambda x: (w * x.add_(1)).sum()',
};

/** Two ranks on one machine: an average of two gradients. */
const parallel = `
import os, sys, torch
import torch.distributed as dist
import torch.multiprocessing as mp
def work(rank):
    os.environ.update(RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[1])
    dist.init_process_group("gloo", rank=rank, world_size=2)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1, bias=False))
    o = torch.optim.SGD(model.parameters(), lr=0.0)
    for step in range(3):
        o.zero_grad()
        model(torch.tensor([[3.0, 1.0]] if rank == 0 else [[1.0, 1.0]])).sum().backward()
        o.step()
    dist.destroy_process_group()
if __name__ == "__main__":
    mp.spawn(work, nprocs=2)
`;

describe.runIf(spawnSync(python, ['-c', 'import torch']).status === 0)('the probe', () => {
  it('leaves every number of a training as it is, to the last digit', () => {
    const words = (out: string) => [
      'train_trainer.py',
      '--per_device_train_batch_size=32',
      '--gradient_accumulation_steps=4',
      '--learning_rate=0.002',
      '--max_steps=40',
      `--output_dir=${out}`,
    ];
    run(words('plain'));
    const all = { BALLAST_PROBE_EVERY: '1', BALLAST_PROBE_SHARPNESS: '3', BALLAST_BATCH: '128' };
    run(words('with'), probed('with', all));
    const state = (out: string) => readFileSync(join(folder, out, 'checkpoint-40', 'trainer_state.json'), 'utf8');
    expect(state('with')).toBe(state('plain'));
    expect(linesOf('with')).toHaveLength(40);
    expect(linesOf('with').filter((l) => l.noise_scale! > 0).length).toBeGreaterThan(20);
    run(['train_csv.py', '--steps', '60', '--out', 'a']);
    expect(linesOf('with').filter((l) => l.critical_sharpness! > 0)).toHaveLength(13);
    run(['train_csv.py', '--steps', '60', '--out', 'b'], probed('csv', { BALLAST_PROBE_SHARPNESS: '7' }));
    expect(linesOf('csv').map((l) => l.step)).toEqual([7, 10, 14, 20, 21, 28, 30, 35, 40, 42, 49, 50, 56, 60]);
    expect(readFileSync(join(folder, 'b', 'log.csv'), 'utf8')).toBe(readFileSync(join(folder, 'a', 'log.csv'), 'utf8'));
  });

  it('has the two terms of the noise scale of known gradients', () => {
    run(['-c', known], probed('known', { BALLAST_PROBE_EVERY: '1', BALLAST_BATCH: '64' }));
    const last = linesOf('known').at(-1)!;
    // G = (2, 1), micro-batches (3, 1) and (1, 1): |G|² = 5, their mean square 6; signal 2 * 5 - 6 = 4, trace (6 - 5) / (1 - 1/2) = 2.
    expect(last.grad_norm).toBeCloseTo(Math.sqrt(5), 6);
    expect(last.noise_signal).toBeCloseTo(4, 5);
    expect(last.noise_trace).toBeCloseTo(2, 5);
    expect(last.noise_scale).toBeCloseTo((2 / 4) * 32, 4);
  });

  it('finds the critical sharpness of a quadratic loss, and of a network with dropout and batch norm, to 1/32', () => {
    const every = { BALLAST_PROBE_EVERY: '1', BALLAST_PROBE_SHARPNESS: '1' };
    for (const [name, script] of [
      ['quadratic', quadratic],
      ['stochastic', stochastic],
    ] as const) {
      const printed = run(['-c', script], probed(name, every)).trim().split('\n').map(Number);
      expect(printed).toEqual(run(['-c', script]).trim().split('\n').map(Number));
      const told = linesOf(name);
      expect(told.length).toBe(printed.length);
      // Of the first step nothing was written down before it.
      for (const [i, line] of told.entries()) {
        if (i === 0) continue;
        const found = name === 'quadratic' ? line.critical_sharpness! : line.critical_scale!;
        expect(Math.abs(found / printed[i]! - 1), `${name}, step ${line.step}`).toBeLessThan(0.06);
        expect(line.critical_sharpness! * line.critical_scale! * line.lr!).toBeCloseTo(2, 6);
      }
    }
  });

  it('says once what it cannot find the sharpness of, and leaves the training alone', () => {
    for (const [name, loss] of Object.entries(beyond)) {
      const script = `import torch\nw = torch.nn.Parameter(torch.ones(3))\no = torch.optim.SGD([w], lr=0.1)\n${loss}
x = torch.ones(3)
for step in range(4):
    o.zero_grad(); loss(x).backward(); o.step()
print(w.tolist())`;
      const env = {
        ...process.env,
        ...probed(`beyond-${name}`, { BALLAST_PROBE_EVERY: '1', BALLAST_PROBE_SHARPNESS: '2' }),
      };
      const { status, stdout, stderr } = spawnSync(python, ['-c', script], { cwd: folder, encoding: 'utf8', env });
      expect(status, stderr).toBe(0);
      expect(stdout).toBe(run(['-c', script]));
      expect(stderr).toMatch(
        /^ballast probe: no critical sharpness: .*(no function of torch|changes an input in place)\n$/,
      );
      expect(linesOf(`beyond-${name}`)).toHaveLength(4);
    }
  });

  it('lets the sitecustomize of the user run', () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    writeFileSync(join(own, 'sitecustomize.py'), 'import builtins\nbuiltins.of_the_user = 7\n');
    const env = { PYTHONPATH: `${probe}:${own}` };
    const ask = 'import sitecustomize; print(of_the_user, sitecustomize.__file__)';
    expect(run(['-c', ask], env)).toBe(`7 ${join(own, 'sitecustomize.py')}\n`);
    expect(run(['-c', ask], { ...env, BALLAST_PROBE: join(folder, 'never.jsonl') })).toContain('7 ');
  });

  it('sees the gradients of a rank before they are averaged', () => {
    if (
      !run([
        '-c',
        'import torch.distributed as d; print(d.is_available() and d.is_gloo_available() if hasattr(d, "is_gloo_available") else d.is_available())',
      ]).includes('True')
    )
      return;
    writeFileSync(join(folder, 'parallel.py'), parallel);
    const port = String(20_000 + (process.pid % 20_000));
    const { status, stderr } = spawnSync(python, ['parallel.py', port], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...probed('ranks', { BALLAST_PROBE_EVERY: '1', BALLAST_BATCH: '2' }) },
    });
    expect(status, stderr).toBe(0);
    const told = linesOf('ranks').filter((l) => l.ranks === 2);
    expect(told.length).toBeGreaterThan(0);
    // Of rank 0 the local gradient is (3, 1): mean square 10; averaged (2, 1).
    expect(told[0]!.noise_signal).toBeCloseTo(2 * 5 - 10, 4);
  });

  it('costs below 2 % of a step (the least of alternate runs, in time of the process)', () => {
    const [plain, withProbe]: [number[], number[]] = [[], []];
    for (let i = 0; i < 4; i++) {
      plain.push(Number(run(['-c', timed])));
      withProbe.push(Number(run(['-c', timed], probed('timed'))));
    }
    const ratio = Math.min(...withProbe) / Math.min(...plain);
    console.info({ ratio });
    expect(ratio).toBeLessThan(1.02);
  });

  it('takes below 2 % of a step by a profile, whatever the speed of the machine does between two runs', () => {
    const [calls, share] = run(['-c', profiled], probed('profiled')).split(' ').map(Number);
    console.info({ share });
    expect(calls).toBeGreaterThanOrEqual(1000);
    expect(share).toBeLessThan(0.02);
    expect(run(['-c', profiled])).toBe('0 0.0\n');
  });

  it('fills the curve of a study with gradient norms and noise scales', async () => {
    const text = readFileSync(join(folder, 'trainer.yaml'), 'utf8')
      .replace('[python3,', `[${python},`)
      .replace(/learningRates: .*/, 'learningRates: [0.002]')
      .replace(/batchSizes: .*/, 'batchSizes: [256]')
      .replace(/budget: .*/, 'budget: { steps: 60 }')
      .replace('    microBatch: 64', '    microBatch: 64\n    probe: true');
    writeFileSync(join(folder, 'probed.yaml'), `${text}early: false\n`);
    const out = join(folder, 'probed');
    expect(ballastProcess('batch', 'run', join(folder, 'probed.yaml'), '--out', out).status).toBe(0);
    const [trial] = (await readStudy(out)).trials;
    const rows = trial!.measurements.filter((m) => m.step >= 20);
    expect(rows.every((m) => m.gradNorm !== null && m.gradNorm > 0)).toBe(true);
    expect(rows.some((m) => m.noiseScale !== null && m.noiseScale > 0)).toBe(true);
  });
});
