/** What the JavaScript peers of the train-js bench share: the task as train.py reads it, and the dialogue. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The task: parameters and batches as `{ shape, data }` by name. */
export function readTask(path) {
  const spec = JSON.parse(readFileSync(path, 'utf8'));
  const bytes = (name) => {
    const file = readFileSync(`${spec.folder}/${name}`);
    return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  };
  const flat = new Float32Array(bytes('parameters.bin'));
  const parameters = {};
  let at = 0;
  for (const { name, shape } of JSON.parse(readFileSync(`${spec.folder}/parameters.json`, 'utf8'))) {
    const size = shape.reduce((n, d) => n * d, 1);
    parameters[name] = { shape, data: flat.slice(at, at + size) };
    at += size;
  }
  const batches = Array.from({ length: spec.batches }, (_, k) =>
    Object.fromEntries(
      spec.inputs.map(({ name, dtype, shape }) => {
        const raw = bytes(`${k}.${name}.bin`);
        const data = dtype === 'int64' ? Int32Array.from(new BigInt64Array(raw), Number) : new Float32Array(raw);
        return [name, { shape, data }];
      }),
    ),
  );
  return { ...spec, parameters, batches };
}

/** Answers each `{ repeats }` with the seconds of a step, the losses and the peak memory; `step(batch)` makes one and gives its loss. */
export async function serve(task, step) {
  let done = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const { repeats } = JSON.parse(line);
    const losses = [];
    const began = performance.now();
    for (let i = 0; i < repeats; i++) losses.push(await step(task.batches[done++ % task.batches.length]));
    const seconds = (performance.now() - began) / 1000 / repeats;
    process.stdout.write(`${JSON.stringify({ seconds, losses, peak: process.resourceUsage().maxRSS * 1024 })}\n`);
  }
}
