/** Exponentially weighted mean with the bias of its beginning taken out; `weight` 0 .. 1 of what came before. */
export function smoothed(values: readonly number[], weight: number): readonly number[] {
  if (weight <= 0) return values;
  let [sum, mass] = [0, 0];
  return values.map((value) => {
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}
