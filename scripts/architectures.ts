/**
 * `npm run architectures` exports torchvision's architectures by PyTorch (Debian: `python3-torchvision`), reads them and writes
 * docs/architectures.md: units found against those that the modules have, and singular values of each family's last unit against
 * PyTorch's float64 Jacobian. Names after it restrict it to some; the rows of the others stay as they were.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BallastError } from '../src/base/errors.ts';
import { loadNetwork } from '../src/models/index.ts';
import { tensor } from '../src/onnx/index.ts';
import { activationsAt, BlockMeasurement, findUnits, skippedJoins, valuesNeeded } from '../src/stability/index.ts';
import { writeInDynamoManner } from './architectures/dynamo-manner.ts';

/** What the peer says of an architecture. */
interface Known {
  readonly name: string;
  readonly opset: number;
  readonly batch: string;
  readonly size: number;
  readonly units: number;
  readonly fromEnd?: number;
  readonly finalRelu?: boolean;
  readonly dimension?: number;
  readonly values?: readonly number[];
}

const peer = fileURLToPath(new URL('../bench/peers/architectures.py', import.meta.url));
const page = fileURLToPath(new URL('../docs/architectures.md', import.meta.url));

async function* exported(folder: string, names: readonly string[]): AsyncGenerator<Known> {
  const child = spawn('/usr/bin/python3', [peer, folder, ...names], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('{')) yield JSON.parse(line);
  const code = await closed;
  if (code !== 0) throw new BallastError(`${peer} ended with ${code}`);
}

/** Largest difference of the unit's singular values from the peer's, relative to the largest. */
async function deviation(path: string, known: Known): Promise<number | undefined> {
  if (!known.values) return undefined;
  const graph = (await loadNetwork({ model: `${path}.onnx` })).graph(1);
  const unit = findUnits(graph).at(-known.fromEnd!)!;
  const bytes = readFileSync(`${path}.image`);
  const pixels = new Float32Array(Uint8Array.from(bytes).buffer);
  const block = { name: unit.name, units: [unit] };
  const [at] = await activationsAt(graph, valuesNeeded(block), [
    tensor('float32', [1, 3, known.size, known.size], pixels),
  ]);
  const options = { finalRelu: known.finalRelu === true, method: 'dense' as const, top: 10, seed: 0, runtime: {} };
  const measurement = new BlockMeasurement(graph, block, options);
  try {
    const { singularValues } = await measurement.measure(at!);
    return Math.max(...known.values.map((v, i) => Math.abs(v - singularValues[i]!))) / known.values[0]!;
  } finally {
    await measurement.dispose();
  }
}

/** The rows that the page has. */
function rowsOf(path: string): string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\| [a-z]+\w* \| \d/.test(line));
}

function writePage(): void {
  writeFileSync(
    page,
    `# Architectures

torchvision's architectures as PyTorch 1.13 exports them with random weights, read by Ballast; made by \`npm run architectures\`.
Known: residual additions, counted in the modules (those with a normalizing shortcut aside, which are skipped and told). Deviation: of all
singular values of the last unit's Jacobian from those of PyTorch's in float64, relative to the largest.
In dynamo's manner: units found in the same network written again with external data, functions of its own, values called \`val_12\` and modules
in metadata, in the newest operator set; PyTorch's dynamo exporter itself is newer than the PyTorch that this runs with.

| architecture | opset | batch | units known | units found | in dynamo’s manner | skipped | dimension | deviation |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${[...rows.values()].join('\n')}
`,
  );
}

const names = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'ballast-architectures-'));
const rows = new Map(rowsOf(page).map((row) => [row.split(' | ')[0]!.slice(2), row]));
try {
  for await (const known of exported(folder, names)) {
    const path = join(folder, known.name);
    let [found, skipped, error, dynamo] = ['', '', '', ''];
    try {
      const network = await loadNetwork({ model: `${path}.onnx` });
      const graph = network.graph(1);
      found = String(findUnits(graph).length);
      skipped = String(skippedJoins(graph).length || '');
      error = (await deviation(path, known))?.toExponential(1) ?? '';
      writeInDynamoManner(readFileSync(`${path}.onnx`), `${path}.dynamo.onnx`);
      const again = (await loadNetwork({ model: `${path}.dynamo.onnx` })).graph(1);
      dynamo = String(findUnits(again).length);
    } catch (failure) {
      if (!(failure instanceof BallastError)) throw failure;
      error = failure.message.replaceAll(folder, '').slice(0, 120);
    }
    const cells = [
      known.name,
      known.opset,
      known.batch,
      known.units,
      found,
      dynamo,
      skipped,
      known.dimension ?? '',
      error,
    ];
    rows.set(known.name, `| ${cells.join(' | ')} |`);
    console.log(rows.get(known.name));
    writePage();
    for (const file of ['.onnx', '.dynamo.onnx', '.dynamo.onnx.data']) rmSync(`${path}${file}`, { force: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
