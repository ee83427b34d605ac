/**
 * `npm run bench -- NAME [args]` runs bench/NAME.bench.ts, prints its table and writes bench/results/NAME.json;
 * without NAME it lists what there is.
 */
import { readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BallastError, UsageError } from '../src/base/errors.ts';
import { type Bench, othersBusy, print, save } from './harness.ts';

const ending = '.bench.ts';
const here = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(here)
  .filter((file) => file.endsWith(ending))
  .map((file) => file.slice(0, -ending.length))
  .sort();

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined) {
    console.log(`benches: ${names.join(', ')}\nrun one with: npm run bench -- NAME`);
    return;
  }
  if (!names.includes(name)) throw new UsageError(`no bench "${name}"; there are ${names.join(', ')}`);
  const { default: bench } = (await import(`./${name}${ending}`)) as { default: Bench };
  const busy = await othersBusy();
  if (busy > 0.1)
    console.log(`warning: other programs keep ${Math.round(busy * 100)}% of this machine busy; times will not repeat`);
  const result = await bench(args);
  print(result);
  console.log(`\nwritten to ${relative(process.cwd(), await save(name, args, result, busy))}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BallastError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
