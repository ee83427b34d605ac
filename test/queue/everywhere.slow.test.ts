import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ballastProcess, numbersIn } from '../support/ballast.ts';
import { outcome, writeStudy } from '../support/batch-study.ts';
import { started, tinyStudy, until } from '../support/queue/handed-out.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/queue/redis.ts';
import { type Cluster, hasSlurm, startCluster } from '../support/queue/slurm.ts';

/** Sixteen trials of our own trainer. */
const ownStudy = tinyStudy.concat('seeds: [0, 1, 2, 3]\n');

const program = `const [batch, lr, steps] = process.argv.slice(2).map(Number);
for (let step = 1; step <= steps; step++) console.log(JSON.stringify({ step, loss: 1 / (1 + lr * batch * step) }));
`;

/** Six trials of a command. */
const commandStudy = (script: string) => `name: commands
workloads:
  - name: c
    command: [node, ${JSON.stringify(script)}, "\${batch}", "\${lr}", "\${steps}"]
    examples: 100
    targets:
      - { quantity: trainLoss, value: 0.01 }
batchSizes: [8, 16, 32]
strategies: [BLR, { name: LSR, like: LSR, warmup: 40ex }]
learningRates: [0.1]
baseBatch: 8
budget: { steps: 40 }
`;

describe.skipIf(!hasSlurm() || !hasRedis())('the same study, wherever it is computed', () => {
  let folder: string;
  let server: RedisServer;
  let cluster: Cluster;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-'));
    server = await startRedis();
    cluster = await startCluster();
  });
  afterAll(async () => {
    await server?.stop();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const onSlurm = ['--queue', 'slurm', '--time', '20:00', '--array-limit', '2', '--sbatch=--exclusive'];
  /** The trials of a study, and its table, by workers of a number. */
  const onWorkers = async (file: string, out: string, way: 'folder' | 'redis', count: number) => {
    const namespace = `n${count}-${out.length}`;
    const queue = way === 'folder' ? ['folder'] : [server.url, '--namespace', namespace];
    const run = started(['batch', 'run', file, '--out', out, '--queue', ...queue]);
    await until(() => existsSync(join(out, 'queue', 'handed-out.json')), 'it is handed out');
    const from = way === 'folder' ? [out] : [server.url, '--namespace', namespace, '--shared', folder];
    const workers = Array.from({ length: count }, () =>
      started(['worker', '--queue', ...from, '--threads', '1', '--allow-commands']),
    );
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    for (const { child } of workers) child.kill('SIGTERM');
    const took = (await Promise.all(workers.map((w) => w.ended))).map((w) => w.stderr.match(/attempt 1 from/g)?.length);
    return took;
  };
  /** Without what it took: times are those of the machine. */
  const table = (out: string) => {
    const { status, stdout } = ballastProcess('batch', 'report', out);
    expect(status).toBe(0);
    return stdout
      .split(/^.*: time and cost to /m)[0]!
      .replaceAll(out, 'OUT')
      .replace(/.*(report|\/s|seconds|processor).*\n/gi, '');
  };

  for (const [what, text] of [
    ['trials of our own trainer', () => ownStudy],
    ['trials of a command', () => commandStudy(join(folder, 'train.mjs'))],
  ] as const)
    it(`has the same numbers, trial by trial: ${what} here, on Slurm with two nodes, on 1, 2 and 4 workers`, async () => {
      writeFileSync(join(folder, 'train.mjs'), program);
      const own = mkdtempSync(join(folder, 'study-'));
      const file = writeStudy(own, text());
      const here = join(own, 'here');
      const alone = await started(['batch', 'run', file, '--out', here, '--threads', '1']).ended;
      expect([alone.code, alone.stderr]).toEqual([0, expect.any(String)]);
      const expected = await outcome(here);
      const slurm = join(own, 'slurm');
      const run = await started(['batch', 'run', file, '--out', slurm, ...onSlurm], cluster.env).ended;
      expect([run.code, run.stderr]).toEqual([0, expect.any(String)]);
      expect(await outcome(slurm)).toEqual(expected);
      expect(table(slurm)).toBe(table(here));
      for (const way of ['folder', 'redis'] as const)
        for (const count of [1, 2, 4]) {
          const out = join(own, `${way}-${count}`);
          const took = await onWorkers(file, out, way, count);
          expect(took.length).toBe(count);
          expect(await outcome(out), out).toEqual(expected);
          expect(table(out)).toBe(table(here));
        }
    });

  it('and so has a measurement whose pieces go through Slurm', async () => {
    const args = [
      ...['perturb', '--model', 'resnet8', '--weights', 'random', '--dataset', 'shapes', '--threads', '1'],
      ...['--images', '0-149', '--steps', '2', '--no-untrained'],
    ];
    const [here, there] = ['pieces-here', 'pieces-there'].map((name) => join(folder, name)) as [string, string];
    expect((await started([...args, '--out', here]).ended).code).toBe(0);
    const run = await started([...args, '--out', there, ...onSlurm], cluster.env).ended;
    expect([run.code, run.stderr]).toEqual([0, expect.stringMatching(/submitted job \d+: 3 tasks/)]);
    expect(numbersIn(there)).toEqual(numbersIn(here));
  });
});
