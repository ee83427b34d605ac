/** Makes things go wrong at random moments and writes what was seen to bench/results/faults.json: `npm run faults`, or `npm run faults -- "worker killed (folder)" ...` for some; `--moments N` (20). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { endFaults, type Faulted, type FaultName, faulted, scenarios } from '../test/support/queue/faults/scenarios.ts';

const path = 'bench/results/faults.json';
const args = process.argv.slice(2);
const at = args.indexOf('--moments');
const moments = at < 0 ? 20 : Number(args.splice(at, 2)[1]);
const names = (Object.keys(scenarios) as FaultName[]).filter((name) => args.length === 0 || args.includes(name));

const before: Faulted[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).faults : [];
const seen = new Map(before.map((f) => [f.fault, f]));
for (const [i, name] of names.entries()) {
  const one = await faulted(name, moments, 20_260_000 + i);
  seen.set(name, one);
  process.stdout.write(`${JSON.stringify(one)}\n`);
  const faults = (Object.keys(scenarios) as FaultName[]).flatMap((n) => seen.get(n) ?? []);
  const document = { machine: cpus()[0]?.model.trim(), date: new Date().toISOString().slice(0, 10), faults };
  writeFileSync(path, `${JSON.stringify(document, null, 1)}\n`);
}
await endFaults();
process.exitCode = [...seen.values()].some((f) => f.lost + f.twice + f.different + f.damaged > 0) ? 1 : 0;
