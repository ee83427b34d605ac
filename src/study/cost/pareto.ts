/** Two prices of the same thing; less of each is better. */
export interface TimeAndCost {
  readonly time: number;
  readonly cost: number;
}

/**
 * Those that no other beats: none is at most as slow *and* at most as dear, and better in one of the two. By growing time, so by
 * falling cost; of equals the first is kept. O(n log n).
 */
export function paretoFront<T>(items: readonly T[], of: (item: T) => TimeAndCost): T[] {
  const sorted = items
    .map((item, index) => ({ item, index, ...of(item) }))
    .sort((a, b) => a.time - b.time || a.cost - b.cost || a.index - b.index);
  let cheapest = Number.POSITIVE_INFINITY;
  return sorted.flatMap(({ item, cost }) => {
    if (cost >= cheapest) return [];
    cheapest = cost;
    return [item];
  });
}
