/** ONNX files. */
import { loadNetwork } from '../../src/models/index.ts';
import { readModel, sizeOf, staticShape } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { modelBytes } from '../../test/support/onnx-files.ts';
import { mutated, wholeModels } from '../../test/support/onnx-mutations.ts';
import type { FuzzFormat } from '../format.ts';
import { oneFile, only } from '../format.ts';

/** Only files that are read as they are: of the others, what a change leaves of them is told apart as well. */
const readable = [0, 1, 3].map((i) => modelBytes(wholeModels[i]!));

const onnx = oneFile(
  'onnx',
  'a.onnx',
  () => readable,
  (bytes) => readModel(bytes, { path: 'a.onnx' }),
  (_, stream) => mutated(stream),
);

/** What is read as a network is also run, as `eval` would. */
const network: FuzzFormat = {
  name: 'onnx-network',
  cost: 25,
  whole: async () => [{ 'a.onnx': readable[0]! }],
  change: (_, stream) => ({ 'a.onnx': mutated(stream, wholeModels.slice(0, 1)) }),
  read: async (files, place) => {
    const net = await loadNetwork({ model: place.put({ 'a.onnx': only(files) }, 'a.onnx') });
    const graph = net.graph(2);
    const program = await compile(graph, { threads: 1 });
    const [input] = graph.inputs;
    const shape = staticShape(input!);
    await program.run({ [input!.name]: { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(0.5) } });
    await program.dispose();
  },
};

export const formats: readonly FuzzFormat[] = [onnx, network];
