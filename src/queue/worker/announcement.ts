import { randomBytes } from 'node:crypto';
import { hostname, totalmem } from 'node:os';
import { GraphBuilder } from '../../onnx/index.ts';
import { compile, describeRuntime } from '../../runtime/index.ts';
import type { Announcement } from '../../schema/index.ts';

/** Order of the matrices that a worker's speed is measured with. */
const order = 384;
/** Milliseconds that the measurement takes about. */
const timing = 100;

/** Multiplications of a fixed matrix with itself, in GFLOP/s on so many threads: what to expect of a worker against others. */
export async function measuredSpeed(threads: number): Promise<number> {
  const b = new GraphBuilder('speed');
  const x = b.input('x', 'float32', [order, order]);
  b.output('y', b.matMul(x, x));
  const program = await compile(b.build(), { threads });
  try {
    const feeds = {
      x: { dtype: 'float32' as const, shape: [order, order], data: new Float32Array(order * order).fill(1 / order) },
    };
    await program.run(feeds);
    let calls = 0;
    const began = performance.now();
    while (performance.now() - began < timing) {
      await program.run(feeds);
      calls++;
    }
    return (calls * 2 * order ** 3) / (1e6 * (performance.now() - began));
  } finally {
    await program.dispose();
  }
}

/** The task of an array that this process is, in Slurm; null elsewhere. */
export function slurmJob(env: NodeJS.ProcessEnv = process.env): string | null {
  const job = env.SLURM_ARRAY_JOB_ID ?? env.SLURM_JOB_ID;
  if (job === undefined) return null;
  return `slurm ${job} ${env.SLURM_ARRAY_TASK_ID ?? '-'} ${env.SLURM_RESTART_COUNT ?? 0}`;
}

/** Who this process is as a worker, and what it has. */
export async function announcementOf(has: {
  readonly device: string;
  readonly threads: number;
  readonly gpus: number;
  readonly commands: boolean;
}): Promise<Announcement> {
  const { cpu, onnxruntime } = await describeRuntime();
  const host = hostname();
  return {
    worker: `${host.replace(/[^\w.-]/g, '-').slice(0, 100)}.${process.pid}.${randomBytes(4).toString('hex')}`,
    host,
    pid: process.pid,
    device: has.device,
    hardware: `${cpu}, ONNX Runtime ${onnxruntime}`,
    cores: has.threads,
    gpus: has.gpus,
    memory: totalmem(),
    commands: has.commands,
    speed: await measuredSpeed(has.threads),
    job: slurmJob(),
  };
}
