import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadNetwork } from '../../../src/models/load-network.ts';
import type { NetworkRequest } from '../../../src/models/network.ts';
import { type Graph, tensor, toNumbers } from '../../../src/onnx/index.ts';
import { compile } from '../../../src/runtime/index.ts';
import { encode, type FileModel, modelMessage, randomTensor } from '../../support/onnx-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-language-'));
let count = 0;

/** A bag of words: each token's row times the mask, through a table of 7 words. */
const file: FileModel = {
  opset: 17,
  inputs: { input_ids: ['batch', 'length'], attention_mask: ['batch', 'length'] },
  outputs: ['logits'],
  tensors: { table: randomTensor([7, 4], 1), head: randomTensor([4, 7], 2) },
  nodes: [
    { op: 'Gather', in: ['table', 'input_ids'], out: ['rows'] },
    { op: 'MatMul', in: ['rows', 'head'], out: ['scores'] },
    { op: 'Shape', in: ['attention_mask'], out: ['shape'] },
    { op: 'Cast', in: ['attention_mask'], out: ['weights'], attributes: { to: { type: 'int', value: 1 } } },
    { op: 'ReduceSum', in: ['weights'], out: ['total'] },
    { op: 'Mul', in: ['scores', 'total'], out: ['logits'] },
  ],
};

/** Saved with inputs of integers; `code` 7 for int64, 6 for int32. */
function load(model: FileModel, code = 7, request: Partial<NetworkRequest> = {}) {
  const message = modelMessage(model);
  for (const v of message.graph!.input!) v.type!.tensorType!.elemType = code;
  const path = join(folder, `model${++count}.onnx`);
  writeFileSync(path, encode(message));
  return loadNetwork({ model: path, ...request });
}

async function scores(graph: Graph, ids: readonly number[]): Promise<number[]> {
  const program = await compile(graph);
  try {
    const tokens = tensor('int64', [1, ids.length], BigInt64Array.from(ids, BigInt));
    return toNumbers((await program.run({ tokens })).logits!);
  } finally {
    await program.dispose();
  }
}

describe('a language model from a file', () => {
  it.each([7, 6])('takes numbers of tokens of element type %i, and a mask of ones', async (code) => {
    const network = await load(file, code);
    expect(network).toMatchObject({ task: 'language', classes: 7, inputShape: [32] });
    const found = await scores(network.graph(1, 3), [2, 6, 2]);
    const [table, head] = [toNumbers(file.tensors!.table!), toNumbers(file.tensors!.head!)];
    // Three ones in the mask.
    const expected = [2, 6, 2].flatMap((word) =>
      Array.from(
        { length: 7 },
        (_, j) => 3 * [0, 1, 2, 3].reduce((s, k) => s + table[word * 4 + k]! * head[k * 7 + j]!, 0),
      ),
    );
    found.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 4);
    });
  });

  it('has the length that its file fixes, and says so where another is asked', async () => {
    const network = await load({ ...file, inputs: { input_ids: [1, 5], attention_mask: [1, 5] } });
    expect(network.inputShape).toEqual([5]);
    expect(() => network.graph(1, 4)).toThrow(/fixes input_ids\[1, 5\]; asked were 1 sequences of 4 tokens/);
  });

  it('is refused with past keys and values, with the name of the input', async () => {
    const inputs = { ...file.inputs, past_key: ['batch', 'length'] };
    await expect(load({ ...file, inputs })).rejects.toThrow(/got the input past_key too/);
  });

  it('is refused without scores for every token, and without the output that is asked for', async () => {
    const pooled = { op: 'ReduceMax', in: ['logits'], out: ['pooled'] };
    await expect(load({ ...file, outputs: ['pooled'], nodes: [...file.nodes, pooled] })).rejects.toThrow(
      /expected an output \[batch, length, vocabulary\], got pooled/,
    );
    await expect(load(file, 7, { logits: 'other' })).rejects.toThrow(/has no output "other"/);
  });
});
