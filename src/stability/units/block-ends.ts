import type { Value } from '../../onnx/index.ts';
import type { Activations } from './activations.ts';
import type { Unit } from './units.ts';

/** What is linearized: one unit, or several that follow each other. */
export interface Block {
  readonly name: string;
  readonly units: readonly Unit[];
}

export const inputOf = (block: Block): Value => block.units[0]!.input;
export const lastOf = (block: Block): Unit => block.units.at(-1)!;
export const outputOf = (block: Block, finalRelu: boolean): Value =>
  finalRelu ? lastOf(block).output : lastOf(block).sum;
export const hasFinalRelu = (block: Block): boolean => lastOf(block).output !== lastOf(block).sum;
/** |a| of a unit, the product of its units' for a run: what a block's singular values are without any branch. */
export const plateauOf = (block: Block): number => block.units.reduce((p, u) => p * Math.abs(u.skipScale), 1);
export const isIdentity = (unit: Unit): boolean => unit.shortcut === unit.input;

export function activeIndices(pre: ArrayLike<number>): Int32Array {
  const indices: number[] = [];
  for (let i = 0; i < pre.length; i++) if (pre[i]! > 0) indices.push(i);
  return Int32Array.from(indices);
}

/** k: how many inner units of a unit with a single inner ReLU are active. */
export const activeHidden = (unit: Unit, at: Activations): number =>
  activeIndices(at.get(unit.hidden!.pre)!.data as Float32Array).length;

/** The values of the network that `measureBlock` needs at an image. */
export function valuesNeeded(block: Block): Value[] {
  const { hidden, sum } = lastOf(block);
  return [inputOf(block), sum, ...(block.units.length === 1 && hidden ? [hidden.pre] : [])];
}

/**
 * How many singular values are at the plateau |a| at least, k inner units being active: n - 2k with an identity shortcut, n the live
 * outputs. Without a shortcut (a = 0) the rank is at most k and all others of the values are zero, dead outputs or not.
 */
export function plateauBound(
  unit: Unit,
  [rows, cols]: readonly [number, number],
  dead: number,
  k: number,
): number | null {
  if (unit.skipScale === 0) return Math.max(0, Math.min(rows, cols) - Math.min(k, rows - dead));
  return isIdentity(unit) ? Math.max(0, rows - dead - 2 * k) : null;
}
