import { FileError, UsageError } from '../../base/errors.ts';
import {
  type DeclaredInput,
  type Dim,
  type Graph,
  GraphBuilder,
  type OnnxModel,
  staticShape,
  tensorOf,
  type Value,
} from '../../onnx/index.ts';
import type { Network, NetworkRequest } from '../network.ts';
import { besideNote, joinParallelBranches } from './parallel-branches.ts';

/** Tokens of a sequence where the file leaves them open and nobody says. */
const usualLength = 32;

/** What a language model takes beside its tokens, with what it is given. */
const others: Readonly<Record<string, (length: number) => number[]>> = {
  attention_mask: (length) => Array<number>(length).fill(1),
  position_ids: (length) => Array.from({ length }, (_, i) => i),
  token_type_ids: (length) => Array<number>(length).fill(0),
};

const integers = new Set(['int64', 'int32']);
const holdsTokens = (v: DeclaredInput) => integers.has(v.dtype) && v.shape.length === 2;

/** Whether a file takes numbers of tokens, [batch, length], in place of images. */
export const takesTokens = (model: OnnxModel): boolean => model.inputs[0] !== undefined && holdsTokens(model.inputs[0]);

/**
 * A user's own language model: input `tokens` int64 [N, T], output `logits` [N, T, vocabulary]. Masks of what is padded are ones, positions count from 0. Throws
 * FileError for inputs that are neither (past keys and values among them).
 */
export function tokenNetwork({ model: path, bind = {}, logits }: NetworkRequest, model: OnnxModel): Network {
  const ids = model.inputs.find((v) => v.name === 'input_ids') ?? model.inputs.find(holdsTokens)!;
  const unknown = model.inputs.find((v) => v !== ids && !Object.hasOwn(others, v.name));
  if (unknown)
    throw new FileError(
      path,
      `expected tokens and ${Object.keys(others).join(', ')}, got the input ${unknown.name} too; export it without past keys and values`,
    );
  const output = logits ?? model.outputs.find((name) => name === 'logits') ?? model.outputs[0]!;
  if (!model.outputs.includes(output)) throw new UsageError(`${path} has no output "${output}"`);
  const notes = new Set<string>();
  const graphs = new Map<string, Graph>();
  const [, fixed] = ids.shape;
  const usual = typeof fixed === 'number' ? fixed : (bind[fixed!] ?? usualLength);
  const graph = (batch: Dim, length = usual): Graph => {
    if (typeof batch !== 'number') throw new UsageError(`${path}: the batch size must be a number, got "${batch}"`);
    const key = `${batch} x ${length}`;
    const known = graphs.get(key);
    if (known) return known;
    const made = laidOut(path, model, { ids, output, batch, length, bind, note: (text) => notes.add(text) });
    graphs.set(key, made);
    return made;
  };
  const shape = staticShape(graph(1).outputs[0]!.value);
  return {
    name: path,
    weights: path,
    task: 'language',
    inputShape: [usual],
    classes: shape[2]!,
    notes: [...notes],
    graph,
  };
}

interface Layout {
  readonly ids: DeclaredInput;
  readonly output: string;
  readonly batch: number;
  readonly length: number;
  readonly bind: Readonly<Record<string, number>>;
  readonly note: (text: string) => void;
}

function laidOut(path: string, model: OnnxModel, { ids, output, batch, length, bind, note }: Layout): Graph {
  const sizes = [batch, length];
  const bound: Record<string, number> = { ...bind };
  for (const { name, shape } of model.inputs) {
    if (shape.length !== 2) throw new FileError(path, `expected [batch, length], got ${name}[${shape.join(', ')}]`);
    shape.forEach((d, i) => {
      if (typeof d === 'string') bound[d] = sizes[i]!;
      else if (d !== sizes[i])
        throw new UsageError(
          `${path} fixes ${name}[${shape.join(', ')}]; asked were ${batch} sequences of ${length} tokens`,
        );
    });
  }
  const read = model.read({ bind: bound, outputs: [output], onNote: note });
  const own = joinParallelBranches(read, () => note(besideNote));
  const b = new GraphBuilder(own.name);
  const tokens = b.input('tokens', 'int64', [batch, length]);
  const given = Object.fromEntries(
    own.inputs.map((v): [string, Value] => {
      if (v.name === ids.name) return [v.name, v.dtype === 'int64' ? tokens : b.cast(tokens, v.dtype)];
      const row = others[v.name]!(length);
      return [v.name, b.constant(tensorOf(v.dtype, [batch, length], Array.from({ length: batch }, () => row).flat()))];
    }),
  );
  const scores = b.inline(own, given).get(own.outputs[0]!.value)!;
  const shape = staticShape(scores);
  if (shape.length !== 3 || shape[0] !== batch || shape[1] !== length)
    throw new FileError(path, `expected an output [batch, length, vocabulary], got ${output}[${shape.join(', ')}]`);
  b.output('logits', scores);
  return b.build();
}
