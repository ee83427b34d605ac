import type { UpdateRule } from '../step.ts';
import type { ParameterGroup } from './names.ts';

/** An update rule and how its scalars follow from the step. */
export interface Optimizer extends UpdateRule {
  readonly name: string;
  /** Values of `scalars` at a step (0 for the first) with this learning rate. */
  scalarsAt(step: number, lr: number): Readonly<Record<string, number>>;
}

/** What optimizers can be told; each understands some of it. */
export interface OptimizerOptions {
  /** SGD and LARS: m of v = m v + g. */
  readonly momentum?: number;
  /** L2 penalty added to the gradient; decoupled from it for AdamW, beside the moments' ratio for LAMB. */
  readonly weightDecay?: number;
  /** Adam's and LAMB's decay rates of the first and second moment. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** SGD and Adam: what weight decay is for; `all`, unless told, as in a single parameter group of PyTorch's. */
  readonly decayOn?: ParameterGroup;
  /** LARS: share of a tensor's norm that a step of rate 1 changes. */
  readonly trust?: number;
  /** LARS and LAMB: what has rates of its own, and weight decay; `weights` unless told. */
  readonly adaptOn?: ParameterGroup;
}
