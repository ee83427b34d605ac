import type { ThinnedCurve } from '../../schema/serve/index.ts';

/**
 * A curve with at most about `most` points: its range is cut into equal parts, of each of which the first, the least, the largest and the last value stay, so that
 * no peak is lost and the ends of each part join those of the next. `step` grows.
 */
export function thinned(
  { step, value }: { readonly step: Float64Array; readonly value: Float64Array },
  most: number,
): Pick<ThinnedCurve, 'total' | 'thinned' | 'step' | 'value'> {
  const total = step.length;
  if (total <= most) return { total, thinned: false, step: [...step], value: [...value] };
  const parts = Math.max(1, Math.floor(most / 4));
  const [first, last] = [step[0]!, step[total - 1]!];
  const keep: number[] = [];
  let from = 0;
  for (let part = 1; part <= parts; part++) {
    const end = part === parts ? Number.POSITIVE_INFINITY : first + ((last - first) * part) / parts;
    let to = from;
    let [least, largest] = [from, from];
    while (to < total && step[to]! < end) {
      if (value[to]! < value[least]!) least = to;
      if (value[to]! > value[largest]!) largest = to;
      to++;
    }
    if (to > from) keep.push(...new Set([from, ...[least, largest].sort((a, b) => a - b), to - 1]));
    from = to;
  }
  return { total, thinned: true, step: keep.map((i) => step[i]!), value: keep.map((i) => value[i]!) };
}
