import { readFileSync } from 'node:fs';
import { loadNetwork } from './src/models/index.ts';
import { tensor } from './src/onnx/index.ts';
import { activationsAt, BlockMeasurement, findUnits, valuesNeeded } from './src/stability/index.ts';
import { topSingularTriplets } from './src/linalg/index.ts';
const [units, blocks, tol, basis] = [process.argv[2]!.split(',').map(Number), process.argv[3]!.split(',').map(Number), Number(process.argv[4]), Number(process.argv[5])];
const graph = (await loadNetwork({ model: '/tmp/anynet-large/network.onnx' })).graph(1);
const found = findUnits(graph);
const pixels = new Float32Array(Uint8Array.from(readFileSync('/tmp/anynet-large/image')).buffer);
const picked = units.map((u) => ({ name: found[u]!.name, units: [found[u]!] }));
const [at] = await activationsAt(graph, picked.flatMap(valuesNeeded), [tensor('float32', [1, 3, 224, 224], pixels)]);
for (const block of picked) for (const b of blocks) {
  const m = new BlockMeasurement(graph, block, { finalRelu: false, method: 'lanczos', top: 5, seed: 0, runtime: {} });
  const op = await m.operator(at!, b);
  let products = 0, inside = 0;
  const timed = async <T>(n: number, f: () => Promise<T>) => { products += n; const t = performance.now(); const r = await f(); inside += performance.now() - t; return r; };
  const counted = { ...op, apply: (x: any, n: number) => timed(n, () => op.apply(x, n)), applyTranspose: (x: any, n: number) => timed(n, () => op.applyTranspose(x, n)) };
  const cpu = process.cpuUsage();
  const r = await topSingularTriplets(counted, { count: 5, block: b, tolerance: tol, maxBasis: basis, restarts: 50 });
  const used = process.cpuUsage(cpu);
  console.log(block.name, op.rows, 'block', b, 'basis', basis, 'products', products, r.seconds.toFixed(1), 's, inside', (inside/1000).toFixed(1), 'cpu', (used.user/1e6+used.system/1e6).toFixed(1), Array.from(r.values).map(v=>v.toFixed(4)).join(' '), r.maxResidual.toExponential(1), 'rss', (process.memoryUsage().rss/2**30).toFixed(1));
  await m.dispose();
}
