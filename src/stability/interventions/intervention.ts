import { UsageError } from '../../base/errors.ts';
import type { Network } from '../../models/index.ts';
import { type Graph, mapGraph } from '../../onnx/index.ts';
import { producers } from '../units/dominators.ts';
import { findUnits, unitIndex } from '../units/units.ts';

/** Scales of the two sides of a residual unit; 1 and 1 leave it as it is. */
export interface Scales {
  /** a: multiplies the shortcut S x. */
  readonly skipScale: number;
  /**
   * c: multiplies the output of the branch F(x), all of it: of conv-bn-relu-conv-bn also the shift of the last batch norm. That is
   * what multiplying the weight and the bias of the branch's last layer by c would do.
   */
  readonly weightScale: number;
}

/** A unit y = [relu](S x + F(x)) is to become y = [relu](a S x + c F(x)). */
export interface Intervention extends Scales {
  /** Name of the unit, as `findUnits` gives it. */
  readonly unit: string;
}

/**
 * The graph with scaled units: each operand of a unit's addition whose scale is not 1 goes through a multiplication first. The
 * new graph has the same units under the same names, and `findUnits` gives their `skipScale` (rounded to float32 like all
 * constants). Scales multiply those that are there already. Without a scale other than 1 it is the graph itself.
 *
 * @throws UsageError for a unit that is not there or is named twice, and for a scale that is not finite.
 */
export function intervene(graph: Graph, interventions: readonly Intervention[]): Graph {
  const units = findUnits(graph);
  const makers = producers(graph);
  const changes = new Map(
    interventions.map((change) => {
      requireFinite(change);
      const unit = units[unitIndex(units, change.unit, 'intervention')]!;
      return [makers.get(unit.sum)!, { ...change, branch: unit.branch }] as const;
    }),
  );
  if (changes.size < interventions.length) throw new UsageError('intervention: a unit is named twice');
  if (interventions.every((change) => change.skipScale === 1 && change.weightScale === 1)) return graph;
  return mapGraph(graph, (node, inputs, b) => {
    const change = changes.get(node);
    if (!change) return undefined;
    const scaled = inputs.map((v, i) =>
      b.scale(v!, node.inputs[i] === change.branch ? change.weightScale : change.skipScale),
    );
    return b.node(node.opType, scaled, node.attributes, {
      name: node.name,
      outputNames: node.outputs.map((v) => v.name),
    });
  });
}

function requireFinite({ unit, skipScale, weightScale }: Intervention): void {
  for (const [name, scale] of Object.entries({ 'skip scale': skipScale, 'weight scale': weightScale })) {
    if (!Number.isFinite(Math.fround(scale)))
      throw new UsageError(`intervention: expected a finite ${name} for ${unit}, got ${scale}`);
  }
}

/**
 * A network with scaled units (see `intervene`): it is evaluated, linearized and exported like any other.
 *
 * @throws UsageError like `intervene`.
 */
export function intervenedNetwork(network: Network, interventions: readonly Intervention[]): Network {
  const changed = interventions.filter((change) => change.skipScale !== 1 || change.weightScale !== 1);
  intervene(network.graph(1), interventions);
  if (changed.length === 0) return network;
  const { name, weights, task, inputShape, classes, state } = network;
  return {
    name,
    weights,
    task,
    inputShape,
    classes,
    ...(state === undefined ? {} : { state }),
    graph: (batch, length) => intervene(network.graph(batch, length), changed),
  };
}
