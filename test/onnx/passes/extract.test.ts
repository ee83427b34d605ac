import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/onnx/builder.ts';
import { extract } from '../../../src/onnx/passes/extract.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { randomTensor, runBytes } from '../../support/onnx-files.ts';

/** x -> stem -> unit (branch of two convolutions, identity shortcut) -> head, and a side input into the head. */
function network() {
  const b = new GraphBuilder('net');
  const x = b.input('x', 'float32', [1, 4, 6, 6]);
  const gain = b.input('gain', 'float32', [1]);
  const conv = (v: typeof x, name: string, seed: number) =>
    b.op('Conv', [v, b.constant(randomTensor([4, 4, 3, 3], seed), `${name}.weight`)], { pads: [1, 1, 1, 1] }, { name });
  const start = b.op('Relu', [conv(x, 'stem', 1)], {}, { name: 'stem/relu', outputNames: ['start'] });
  const inner = b.relu(conv(start, 'conv1', 2));
  const sum = b.op('Add', [conv(inner, 'conv2', 3), start], {}, { name: 'join', outputNames: ['sum'] });
  const end = b.op('Relu', [sum], {}, { name: 'unit/relu' });
  b.output('y', b.op('Mul', [b.reduceMean(end, [2, 3]), gain], {}, { name: 'head' }));
  return { graph: b.build(), x, gain, start, inner, sum, end };
}

describe('a part cut out of a graph', () => {
  it('holds the nodes and weights between its ends, under their names', () => {
    const { graph, start, sum } = network();
    const unit = extract(graph, { inputs: [start], outputs: [{ name: 'to', value: sum }] });
    expect(unit.nodes.map((n) => n.name)).toEqual(['conv1', 'Relu', 'conv2', 'join']);
    expect([...unit.constants.keys()].map((v) => v.name)).toEqual(['conv1.weight', 'conv2.weight']);
    expect(unit.inputs).toEqual([start]);
    expect(unit.outputs.map((o) => o.name)).toEqual(['to']);
  });

  it('computes what the whole computes there', async () => {
    const { graph, start, sum } = network();
    const feeds = { x: randomTensor([1, 4, 6, 6]) };
    const whole = extract(graph, {
      inputs: [graph.inputs[0]!],
      outputs: [
        { name: 'start', value: start },
        { name: 'sum', value: sum },
      ],
    });
    const unit = extract(graph, { inputs: [start], outputs: [{ name: 'to', value: sum }] });
    const inner = await runBytes(writeModel(whole), feeds);
    const { to } = await runBytes(writeModel(unit), { start: inner.start! });
    expect(to).toEqual(inner.sum);
  });

  it('keeps an input that nothing needs, and may give an input back', () => {
    const { graph, start, end, gain } = network();
    const part = extract(graph, { inputs: [gain, start], outputs: [{ name: 'y', value: start }] });
    expect(part.inputs).toEqual([gain, start]);
    expect(part.nodes).toEqual([]);
    expect(part.outputs[0]!.value).toBe(part.inputs[1]);
    expect(extract(graph, { inputs: [end], outputs: [{ name: 'y', value: end }], name: 'one' }).name).toBe('one');
  });

  it('may take a weight as its input', () => {
    const { graph, start, sum } = network();
    const weight = [...graph.constants.keys()].find((v) => v.name === 'conv1.weight')!;
    const part = extract(graph, { inputs: [weight, start], outputs: [{ name: 'y', value: sum }] });
    expect(part.inputs.map((v) => v.name)).toEqual(['conv1.weight', 'start']);
    expect([...part.constants.keys()].map((v) => v.name)).toEqual(['conv2.weight']);
  });

  it('cannot depend on an input that is not cut, and the message tells the way there', () => {
    const { graph, inner, sum, start } = network();
    expect(() => extract(graph, { inputs: [inner], outputs: [{ name: 'to', value: sum }] })).toThrow(
      'graph net: output "to" depends on the input "x" through Conv "stem", Relu "stem/relu", Add "join"; cut there too, or earlier',
    );
    expect(() => extract(graph, { inputs: [start], outputs: graph.outputs })).toThrow(
      'output "y" depends on the input "gain" through Mul "head"',
    );
  });

  it('cannot be cut at a value of another graph', () => {
    const { graph, sum } = network();
    const other = network();
    expect(() => extract(graph, { inputs: [other.start], outputs: [{ name: 'y', value: sum }] })).toThrow(
      'graph net: "start" is not one of its values',
    );
    expect(() => extract(graph, { inputs: [], outputs: [{ name: 'y', value: other.sum }] })).toThrow(
      'graph net: "sum" is not one of its values',
    );
  });
});
