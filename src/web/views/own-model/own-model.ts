import { type Graph, openModel } from '../../../onnx/index.ts';
import { findUnits, type Unit } from '../../../stability/units/units.ts';

export interface OwnModel {
  readonly name: string;
  readonly graph: Graph;
  readonly units: readonly Unit[];
  /** Channels, height and width of a picture. */
  readonly input: readonly [number, number, number];
  /** What was done to the file to read it. */
  readonly notes: readonly string[];
}

/** Sizes of a picture where the file leaves them open. */
const usualSize = 224;

/** Reads an ONNX file as a network for one picture. Throws FileError and GraphError for what Ballast cannot read, and Error for a network that takes no pictures. */
export function readOwnModel(name: string, bytes: Uint8Array): OwnModel {
  const notes: string[] = [];
  const model = openModel(bytes, { path: name });
  const open = Object.fromEntries(
    model.inputs.flatMap(({ shape }) =>
      shape.flatMap((d, i) => (typeof d === 'string' ? [[d, i === 0 ? 1 : i === 1 ? 3 : usualSize] as const] : [])),
    ),
  );
  const graph = model.read({ bind: open, outputs: model.outputs.slice(0, 1), onNote: (note) => notes.push(note) });
  const shape = graph.inputs[0]?.shape.map(Number) ?? [];
  const [batch, channels, height, width] = shape;
  if (graph.inputs.length !== 1 || shape.length !== 4 || batch !== 1 || !channels || !height || !width)
    throw new Error(
      `${name}: takes ${graph.inputs.map((v) => `${v.name} [${v.shape.join(', ')}]`).join(' and ')}; expected one picture, [1, channels, height, width]`,
    );
  return { name, graph, units: findUnits(graph), input: [channels, height, width], notes };
}
