/** Measurements computed here, and another time in pieces by workers. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resnet } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { writeModel } from '../../../src/onnx/index.ts';
import { ballastProcess, numbersIn } from '../ballast.ts';
import { started, until } from './handed-out.ts';

/** Two networks of one shape, as files. */
export const twoNetworks = (folder: string): string[] =>
  ['one', 'other'].map((name, seed) => {
    const path = join(folder, `${name}.onnx`);
    const model = resnet({ depth: 8, width: 4 });
    writeFileSync(path, writeModel(model.build(initialize(model.parameters, seed + 1), 'batch')));
    return path;
  });

/** Runs a command here, and another time with its pieces handed out to workers that see its folder; what both come to, and how many pieces workers took. */
export async function bothWays(folder: string, name: string, args: readonly string[], workers = 2) {
  const [here, there] = [join(folder, `${name}-here`), join(folder, `${name}-there`)];
  const alone = ballastProcess(...args, '--out', here);
  expect([alone.status, alone.lines.join('\n')]).toEqual([0, expect.any(String)]);
  const run = started([...args, '--out', there, '--queue', 'folder']);
  const queue = join(there, 'handed-out');
  await until(() => existsSync(join(queue, 'queue', 'handed-out.json')), 'pieces are handed out');
  const own = Array.from({ length: workers }, () => started(['worker', '--queue', queue, '--threads', '1']));
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  for (const { child } of own) child.kill('SIGTERM');
  const said = (await Promise.all(own.map((w) => w.ended))).map((w) => w.stderr).join('');
  // What workers saw is gone.
  expect(existsSync(queue)).toBe(false);
  return { here: numbersIn(here), there: numbersIn(there), taken: said.match(/: complete/g)?.length ?? 0 };
}

/** Milliseconds that a test may take on a machine that is busy with others: each starts some ten processes. */
export const patience = 400_000;
