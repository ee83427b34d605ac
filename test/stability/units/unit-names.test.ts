import { describe, expect, it } from 'vitest';
import { readModel, tensorOf } from '../../../src/onnx/index.ts';
import { findUnits, skippedJoins } from '../../../src/stability/units/units.ts';
import {
  encode,
  type FileModel,
  type FileNode,
  int,
  ints,
  modelBytes,
  modelMessage,
  randomTensor,
} from '../../support/onnx-files.ts';

const weights = { w: randomTensor([4, 4, 3, 3], 1), s: tensorOf('float32', [4], [1, 1, 1, 1]) };
const pads = { pads: ints(1, 1, 1, 1) };

/** A convolution and a ReLU in the module `branch`, added to their input in the module `join`. */
function block(from: string, to: string, branch: string, join: string, name = 'Add'): FileNode[] {
  return [
    { op: 'Conv', name: `${branch}/Conv`, in: [from, 'w'], out: [`${to}_a`], attributes: pads },
    { op: 'Relu', name: `${branch}/Relu`, in: [`${to}_a`], out: [`${to}_b`] },
    { op: 'Add', name: `${join}/${name}`, in: [from, `${to}_b`], out: [to] },
  ];
}

const model = (nodes: FileNode[], outputs = [nodes.at(-1)!.out[0]!]): FileModel => ({
  opset: 17,
  inputs: { x: [1, 4, 6, 6] },
  outputs,
  tensors: weights,
  nodes,
});
const names = (nodes: FileNode[]) => findUnits(readModel(modelBytes(model(nodes)))).map((u) => u.name);

describe('a unit is named', () => {
  it('after the module of its own addition, not after a weight that layers share', () => {
    const nodes = [
      ...block('x', 'y', '/body/layers.0/conv', '/body/layers.0'),
      ...block('y', 'z', '/body/layers.1/conv', '/body/layers.1'),
    ];
    expect(names(nodes)).toEqual(['body.layers.0', 'body.layers.1']);
  });

  it('as the state dict names the child of a list', () => {
    expect(names(block('x', 'y', '/layer1/layer1.0/conv1', '/layer1/layer1.0'))).toEqual(['layer1.0']);
  });

  it('after its branch, where several are added in one module', () => {
    const nodes = [
      ...block('x', 'y', '/blocks/blocks.3/attn', '/blocks/blocks.3'),
      ...block('y', 'z', '/blocks/blocks.3/mlp/fc1', '/blocks/blocks.3', 'Add_1'),
    ];
    expect(names(nodes)).toEqual(['blocks.3.attn', 'blocks.3.mlp.fc1']);
    const atTop = [...block('x', 'y', '/f.0/conv', '', 'Add'), ...block('y', 'z', '/f.1/conv', '', 'Add_1')];
    expect(names(atTop)).toEqual(['f.0.conv', 'f.1.conv']);
  });

  it('by what the newer exporter writes beside a node', () => {
    const message = modelMessage(model(block('x', 'y', 'conv', 'node')));
    const add = message.graph!.node!.at(-1)!;
    add.name = 'node_add';
    add.metadataProps = [{ key: 'pkg.torch.onnx.name_scopes', value: "['', 'layers', 'layers.0', 'add']" }];
    expect(findUnits(readModel(encode(message))).map((u) => u.name)).toEqual(['layers.0']);
  });

  it('once: a module that is used twice has numbers', () => {
    const nodes = [...block('x', 'y', '/f/conv', '/f'), ...block('y', 'z', '/f/conv', '/f', 'Add_1')];
    expect(names(nodes)).toEqual(['f.conv', 'f.conv#2']);
  });
});

describe('an addition', () => {
  it('written as Sum joins a unit, too', () => {
    const nodes = block('x', 'y', '/l/conv', '/l').map((n) => (n.op === 'Add' ? { ...n, op: 'Sum' } : n));
    expect(names(nodes)).toEqual(['l']);
  });

  it('whose shortcut normalizes is no unit, and is told', () => {
    const [conv, relu, add] = block('x', 'y', '/l/conv', '/l') as [FileNode, FileNode, FileNode];
    const norm: FileNode = { op: 'InstanceNormalization', name: '/l/down/Norm', in: ['x', 's', 's'], out: ['n'] };
    const graph = readModel(modelBytes(model([conv, relu, norm, { ...add, in: ['n', 'y_b'] }])));
    expect(findUnits(graph)).toEqual([]);
    expect(skippedJoins(graph)).toEqual([
      { name: '/l/Add', because: 'its shortcut has InstanceNormalization, which is not affine' },
    ]);
  });

  it('of two branches is neither', () => {
    const other: FileNode[] = [
      { op: 'Conv', in: ['x', 'w'], out: ['p'], attributes: { ...pads, group: int(1) } },
      { op: 'Tanh', in: ['p'], out: ['q'] },
    ];
    const [conv, relu, add] = block('x', 'y', '/l/conv', '/l') as [FileNode, FileNode, FileNode];
    const graph = readModel(modelBytes(model([conv, relu, ...other, { ...add, in: ['q', 'y_b'] }])));
    expect([findUnits(graph), skippedJoins(graph)]).toEqual([[], []]);
  });
});
