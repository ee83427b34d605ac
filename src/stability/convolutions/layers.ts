import { InputError } from '../../base/errors.ts';
import { nearestNames } from '../../base/names.ts';
import {
  foldBatchNorm,
  type Graph,
  intAttribute,
  type Node,
  staticShape,
  toNumbers,
  type Value,
  type Window,
  windowOf,
} from '../../onnx/index.ts';

/** A convolution of a network as a linear map, its bias left out. Groups are maps of their own between channels of their own. */
export interface ConvolutionLayer {
  readonly name: string;
  readonly input: Value;
  readonly output: Value;
  /** Row-major [filters, channels / groups, ...kernel]. */
  readonly weights: Float64Array;
  readonly filters: number;
  readonly channels: number;
  readonly groups: number;
  readonly window: Window;
  /** Sizes of the spatial axes before and after. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Whether the scale of the batch norm behind it is part of the weights. */
  readonly normalized: boolean;
}

export const volume = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1);

/** What its author called it: the name of its weight, or the scopes of its node (`layer1.0.conv1` of `/layer1/layer1.0/conv1/Conv`). */
function nameOf(node: Node, position: number): string {
  const weight = node.inputs[1]!.name;
  if (/^[\w.]+\.weight$/.test(weight)) return weight.replace(/^module\./, '').replace(/\.weight$/, '');
  const scopes = node.name.startsWith('/') ? node.name.split('/').slice(1, -1) : [];
  const scoped = scopes.reduce(
    (name, scope) => (name === '' || scope.startsWith(`${name}.`) ? scope : `${name}.${scope}`),
    '',
  );
  return scoped || `conv${position + 1}`;
}

/**
 * The convolutions of a graph for one image with constant weights, in the order in which they are computed, with the graph of which their
 * values are. With `foldNorm` the batch norm that alone reads a convolution is part of its weights: what the network really multiplies by.
 */
export function findConvolutions(
  own: Graph,
  foldNorm: boolean,
): { readonly graph: Graph; readonly layers: readonly ConvolutionLayer[] } {
  const graph = foldNorm ? foldBatchNorm(own) : own;
  const before = own.nodes.filter((n) => n.opType === 'Conv' && n.domain === '');
  const after = graph.nodes.filter((n) => n.opType === 'Conv' && n.domain === '');
  const names = before.map(nameOf);
  const layers = after.flatMap((node, i): ConvolutionLayer[] => {
    const [x, w] = [node.inputs[0]!, node.inputs[1]!];
    const constant = graph.constants.get(w);
    if (!constant) return [];
    const [filters, , ...kernel] = constant.shape as [number, number, ...number[]];
    const [, channels, ...from] = staticShape(x) as [number, number, ...number[]];
    const repeats = names.slice(0, i).filter((n) => n === names[i]).length;
    return [
      {
        name: repeats ? `${names[i]}#${repeats + 1}` : names[i]!,
        input: x,
        output: node.outputs[0]!,
        weights: Float64Array.from(toNumbers(constant)),
        filters,
        channels,
        groups: intAttribute(node, 'group', 1),
        window: windowOf(node, from, kernel),
        from,
        to: staticShape(node.outputs[0]!).slice(2),
        normalized: constant !== own.constants.get(before[i]!.inputs[1]!),
      },
    ];
  });
  return { graph, layers };
}

/** Resolves a selection of layers: `all`, or names with commas between them. Throws InputError with the nearest names for one that is not there. */
export function selectConvolutions(layers: readonly ConvolutionLayer[], selection: string): ConvolutionLayer[] {
  if (selection === 'all') return [...layers];
  const names = selection.split(',').map((name) => name.trim());
  return [...new Set(names)].map((name) => {
    const found = layers.find((l) => l.name === name);
    if (found) return found;
    const nearest = nearestNames(
      name,
      layers.map((l) => l.name),
    );
    throw new InputError('layers', `there is no convolution "${name}"; nearest: ${nearest.join(', ')}`);
  });
}
