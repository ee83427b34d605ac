import { InputError } from '../../base/errors.ts';
import { bytesOfTop, planStructured, type SpectrumMethod } from '../../linalg/index.ts';
import { availableMemory } from '../../runtime/index.ts';
import type { Activations } from './activations.ts';
import {
  activeHidden,
  activeIndices,
  type Block,
  hasFinalRelu,
  inputOf,
  isIdentity,
  lastOf,
  outputOf,
} from './block-ends.ts';
import { featureCount } from './units.ts';

/** A method by name, or the one that suits. */
export type MethodChoice = 'auto' | SpectrumMethod;

/** How a block will be done at an image, with its cost, before anything is computed. */
export interface BlockPlan {
  readonly method: SpectrumMethod;
  /** Outputs x inputs. */
  readonly shape: readonly [number, number];
  readonly seconds: number;
  readonly bytes: number;
}

/** From this size on a basis of a hundred vectors takes hundreds of megabytes, and products gain nothing from going through in larger blocks. */
const large = 2 ** 15;

/** How the leading values of a map are searched: a long basis of wide blocks where that is cheap, a short one of single vectors on one side in float32, restarted, where it is not: pairs take a third more products. */
export function searchOf([rows, cols]: readonly [number, number], top: number) {
  const size = Math.max(rows, cols);
  const common = { count: top, tolerance: 1e-5, restarts: 50 };
  return size <= large
    ? { ...common, block: 8, gram: false, maxBasis: top + 160 }
    : { ...common, block: 1, gram: true, maxBasis: Math.max(20, 2 * top + 10) };
}

/** Share of the free memory that a block may take, and the longest that it is computed exactly for without being told to. */
const [memoryShare, longest] = [0.8, 3600];

/** Vectors multiplied for one leading value, after a start: seen at sizes of 16,384 to 802,816. */
const productsFor = (top: number): number => 100 + 40 * top;

/**
 * The method for a block and what it will cost: exact where that fits into memory and an hour, else the leading values. Throws InputError
 * for a method that was asked for and does not fit.
 */
export function planBlock(
  block: Block,
  at: Activations,
  { finalRelu, method, top }: { readonly finalRelu: boolean; readonly method: MethodChoice; readonly top: number },
  available = availableMemory(),
): BlockPlan {
  const shape = [featureCount(outputOf(block, finalRelu)), featureCount(inputOf(block))] as const;
  const [rows, cols] = shape;
  const leading = (): BlockPlan => {
    const search = searchOf(shape, top);
    // A basis in float32 on one side moves an eighth of the memory of two in float64.
    const perBasis = search.gram ? 2e-10 : 1.6e-9;
    const perVector = Math.max(rows, cols) * (2e-8 * block.units.length + perBasis * search.maxBasis);
    const bytes = bytesOfTop(rows, cols, search) + 1e8;
    if (bytes > available)
      throw new InputError(
        'top',
        `${top} leading values of ${block.name} take about ${gigabytes(bytes)} of memory, ${gigabytes(available)} are free; ask for fewer, or take other units or smaller images`,
      );
    return { method: 'lanczos', shape, seconds: 2 + productsFor(top) * perVector, bytes };
  };
  if (method === 'lanczos' || (method === 'auto' && block.units.length > 1)) return leading();
  const unit = lastOf(block);
  const factored = block.units.length === 1 && unit.hidden !== null && method !== 'dense';
  const k = factored ? activeHidden(unit, at) : 0;
  const kept = finalRelu && hasFinalRelu(block) ? activeIndices(at.get(unit.sum)!.data as Float32Array).length : rows;
  const plan = planStructured(factored ? kept : rows, cols, k, factored && isIdentity(unit));
  const exact: BlockPlan = {
    method: factored && plan.method === 'small' ? 'structured' : 'dense',
    shape,
    seconds: plan.seconds + rows * cols * 1e-8,
    bytes: plan.bytes + (factored ? 400 * 12 * Math.max(k, 1) : 4 * rows * cols) + 3e8,
  };
  const fits = exact.bytes <= memoryShare * available;
  if (method === 'auto') return fits && exact.seconds <= longest ? exact : leading();
  if (fits) return exact;
  throw new InputError(
    'method',
    `${method} takes about ${gigabytes(exact.bytes)} of memory for ${block.name} (${rows} x ${cols}), ${gigabytes(available)} are free; expected lanczos or auto`,
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
