/** A real Slurm with two nodes on this machine, in a folder of its own. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { arePrograms } from './packages.ts';
import { freePort } from './redis.ts';

export const hasSlurm = (): boolean => arePrograms(['slurmctld', 'slurmd', 'sbatch', 'munged'], ['slurm-wlm', 'munge']);

export interface Cluster {
  /** What a process needs in its environment to find it. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a program of Slurm and gives what it printed. Throws where it fails. */
  run(program: string, ...args: string[]): string;
  /** Kills the daemon of a node, and with `revive` starts it again. */
  killNode(node: 'n0' | 'n1'): void;
  startNode(node: 'n0' | 'n1'): void;
  stop(): Promise<void>;
}

function ran(program: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env, timeout: 60_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr || stdout || `exit code ${status}`}`);
  return stdout;
}

/** The authentication that Slurm's daemons need; one for the machine. */
function startMunge(): void {
  mkdirSync('/run/munge', { recursive: true });
  const idOf = (flag: string) => Number(ran('id', [flag, 'munge'], process.env));
  const [user, group] = [idOf('-u'), idOf('-g')];
  chownSync('/run/munge', user, group);
  chownSync('/etc/munge/munge.key', user, group);
  if (spawnSync('munge', ['-n']).status === 0) return;
  spawnSync('su', ['-s', '/bin/sh', 'munge', '-c', '/usr/sbin/munged']);
  ran('munge', ['-n'], process.env);
}

/** Starts it. Its nodes have two processors each, so that two trials run at a time, one on each with one task a node. */
export async function startCluster(): Promise<Cluster> {
  startMunge();
  const folder = mkdtempSync(join(tmpdir(), 'ballast-slurm-'));
  for (const name of ['ctl', 'log']) mkdirSync(join(folder, name));
  const host = hostname();
  if (spawnSync('getent', ['hosts', host]).status !== 0) appendFileSync('/etc/hosts', `127.0.0.1 ${host}\n`);
  const ports = [await freePort(), await freePort(), await freePort()];
  writeFileSync(
    join(folder, 'slurm.conf'),
    [
      'ClusterName=test',
      `SlurmctldHost=${host}(127.0.0.1)`,
      'SlurmUser=root',
      'SlurmdUser=root',
      'AuthType=auth/munge',
      `StateSaveLocation=${folder}/ctl`,
      `SlurmdSpoolDir=${folder}/spool-%n`,
      `SlurmctldPidFile=${folder}/ctld.pid`,
      `SlurmdPidFile=${folder}/slurmd-%n.pid`,
      `SlurmctldLogFile=${folder}/log/ctld.log`,
      `SlurmdLogFile=${folder}/log/slurmd-%n.log`,
      'ProctrackType=proctrack/pgid',
      'TaskPlugin=task/none',
      'SelectType=select/cons_tres',
      'ReturnToService=2',
      'MpiDefault=none',
      'AccountingStorageType=accounting_storage/none',
      'JobAcctGatherType=jobacct_gather/none',
      'SwitchType=switch/none',
      'MaxArraySize=10001',
      'MaxJobCount=20000',
      'MinJobAge=5',
      'KillWait=5',
      'SlurmdTimeout=10',
      'SchedulerParameters=batch_sched_delay=0,sched_interval=5',
      `SlurmctldPort=${ports[0]}`,
      `NodeName=n[0-1] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[${ports[1]},${ports[2]}] CPUs=2 RealMemory=2000 State=UNKNOWN`,
      'PartitionName=main Nodes=n[0-1] Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO',
      '',
    ].join('\n'),
  );
  const env = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf') };
  const kill = (name: string) => {
    const path = join(folder, `${name}.pid`);
    if (!existsSync(path)) return;
    try {
      process.kill(Number(readFileSync(path, 'utf8')), 'SIGKILL');
    } catch {
      // It has ended.
    }
    rmSync(path, { force: true });
  };
  const cluster: Cluster = {
    env,
    run: (program, ...args) => ran(program, args, env),
    killNode: (node) => kill(`slurmd-${node}`),
    startNode: (node) => void ran('slurmd', ['-N', node], env),
    async stop() {
      spawnSync('scancel', ['--user=root'], { env });
      await setTimeout(500);
      for (const name of ['slurmd-n0', 'slurmd-n1', 'ctld']) kill(name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    ran('slurmctld', [], env);
    for (const node of ['n0', 'n1'] as const) cluster.startNode(node);
    for (let i = 0; ; i++) {
      const answer = spawnSync('sinfo', ['-h', '-o', '%D %t'], { encoding: 'utf8', env, timeout: 10_000 });
      if (/^2 idle/m.test(answer.stdout)) return cluster;
      if (i > 120)
        throw new Error(
          `the nodes did not come up: ${answer.stdout}${readFileSync(join(folder, 'log/ctld.log'), 'utf8').slice(-2000)}`,
        );
      await setTimeout(250);
    }
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
