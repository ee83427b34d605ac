import { RandomStream } from '../base/random.ts';

/** The order of the examples in an epoch: a uniform permutation of 0 .. count - 1 (Fisher and Yates), the same whenever it is asked for. */
export function epochOrder(count: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  return shuffle(order, new RandomStream({ seed, purpose: 'epoch order', step: epoch }));
}

/** Brings an array into a random order, in place, and returns it. */
export function shuffle(order: Int32Array, random: RandomStream): Int32Array {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}
