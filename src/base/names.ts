/** Letters that are missing, added, others, or swapped with their neighbour (Damerau and Levenshtein's distance, each letter changed once). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [row, before] = [rows[i - 1]!, rows[i - 2]];
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = before && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const others = [row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1)];
      next[j] = Math.min(...others, ...(swapped ? [before[j - 2]! + 1] : []));
    }
    rows.push(next);
  }
  return rows[a.length]![b.length]!;
}

/** The `count` names most like `name`, nearest first. */
export function nearestNames(name: string, known: readonly string[], count = 3): string[] {
  return known
    .map((candidate) => ({ candidate, d: distance(name, candidate) }))
    .sort((a, b) => a.d - b.d)
    .slice(0, count)
    .map((c) => c.candidate);
}

/** The name that was probably meant, if one is near: at most a third of its letters differ. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // Of a name that long nobody means another one.
  if (name.length > 100) return undefined;
  const ranked = known
    .map((k) => ({ k, d: distance(name.toLowerCase(), k.toLowerCase()) }))
    .filter(({ k, d }) => d <= Math.max(1, Math.floor(Math.max(k.length, name.length) / 3)))
    .sort((a, b) => a.d - b.d);
  return ranked[0]?.k;
}

/** `; did you mean "pgd"?` where a name is near enough to be meant, else nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}
