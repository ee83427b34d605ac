import { groupBy } from '../base/group-by.ts';
import { type ParameterSpec, parameterCount } from '../nn/index.ts';
import { sizeOf } from '../onnx/index.ts';

/** Parameters whose names begin alike: a layer, a stage or a part of a network. */
export interface ParameterGroup {
  readonly name: string;
  /** Trained tensors and their values. */
  readonly tensors: number;
  readonly parameters: number;
  /** Running statistics, which are not trained. */
  readonly running: number;
}

/** Share of all parameters above which a part of a network says nothing about where they are, and is taken apart. */
const nearlyAll = 0.9;

const at = (name: string, depth: number) => name.split('.').slice(0, depth).join('.');

/** The parameters by the first part of their names, in order; a part that has nearly all of them by its own parts. */
export function parameterGroups(specs: readonly ParameterSpec[], depth = 1): ParameterGroup[] {
  const total = parameterCount(specs);
  return [...groupBy(specs, (spec) => at(spec.name, depth))].flatMap(([name, group]) => {
    const parameters = parameterCount(group);
    const hasParts = group.every((s) => s.name.split('.').length > depth + 1);
    if (hasParts && parameters > nearlyAll * total) return parameterGroups(group, depth + 1);
    const running = group.filter((s) => !s.trainable).reduce((n, s) => n + sizeOf(s.shape), 0);
    return [{ name, tensors: group.filter((s) => s.trainable).length, parameters, running }];
  });
}
