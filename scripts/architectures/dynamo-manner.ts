import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { decodeModel, encodeModel, type NodeMessage } from '../../src/onnx/file/messages.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';

/** Initializers of more bytes than this lie beside the model, as PyTorch writes them. */
const inside = 1024;
const library = 'pkg.onnxscript.torch_lib';
const encoder = new TextEncoder();

/** Operators without attributes that become calls of the file's own functions, as `torch_lib` wrote many operators. */
const wrapped = new Map([
  ['Relu', 'aten_relu'],
  ['Sigmoid', 'aten_sigmoid'],
  ['Erf', 'aten_erf'],
  ['HardSwish', 'aten_hardswish'],
]);

/**
 * Writes an exported model again as PyTorch's dynamo exporter would have: operator set 18 or newer, values called `val_12`, weights in an external
 * file, activations as functions of the model, and the modules around a node in its metadata in place of its name. No such exporter runs here (it
 * came after PyTorch 1.13): what it does to values and shapes inside of a graph is not shown by this.
 */
export function writeInDynamoManner(bytes: Uint8Array, path: string): void {
  const model = decodeModel(writeModel(readModel(bytes, { bind: 1 })));
  const graph = model.graph!;
  const names = new Map<string, string>();
  for (const v of [...(graph.input ?? []), ...(graph.output ?? [])]) names.set(v.name!, v.name!);
  const renamed = (name: string) => {
    if (name === '') return name;
    if (!names.has(name)) names.set(name, `val_${names.size}`);
    return names.get(name)!;
  };
  const used = new Set<string>();
  graph.node = (graph.node ?? []).map((node, i): NodeMessage => {
    const modules = (node.name ?? '').split('/').filter((part) => part !== '');
    const kind = (node.opType ?? '').toLowerCase();
    const scopes = ['', ...modules.slice(0, -1), kind].map((m) => `'${m}'`).join(', ');
    const own = wrapped.get(node.opType ?? '');
    if (own) used.add(node.opType!);
    return {
      ...node,
      ...(own ? { opType: own, domain: library } : {}),
      name: `node_${kind}_${i}`,
      input: (node.input ?? []).map(renamed),
      output: (node.output ?? []).map(renamed),
      metadataProps: [{ key: 'pkg.torch.onnx.name_scopes', value: `[${scopes}]` }],
    };
  });
  let offset = 0;
  const beside: Uint8Array[] = [];
  graph.initializer = (graph.initializer ?? []).map((t) => {
    const name = renamed(t.name!);
    if (!t.rawData || t.rawData.length <= inside) return { ...t, name };
    const place = { location: `${basename(path)}.data`, offset: String(offset), length: String(t.rawData.length) };
    beside.push(t.rawData);
    offset += t.rawData.length;
    const externalData = Object.entries(place).map(([key, value]) => ({ key, value }));
    return { ...t, name, rawData: undefined, externalData, dataLocation: 1 };
  });
  const version = model.opsetImport!.find((o) => !o.domain)!;
  model.opsetImport!.push({ domain: library, version: 1 });
  model.producerName = 'pytorch';
  model.functions = [...used].map((opType) => ({
    name: wrapped.get(opType)!,
    domain: library,
    input: ['self'],
    output: ['result'],
    node: [{ opType, input: ['self'], output: ['result'], name: `n0_${opType}` }],
    opsetImport: [version],
  }));
  writeFileSync(path, encodeModel(model));
  writeFileSync(`${path}.data`, Buffer.concat(beside.length ? beside : [encoder.encode('')]));
}
