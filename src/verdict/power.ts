import { normalCdf, overEstimatedDeviation, studentQuantile } from './distributions.ts';

/** What a test could have shown: a verdict of "cannot tell" means little where this is a large effect. */
export interface Power {
  /** Chance that is asked for: 0.8. */
  readonly chance: number;
  /** The smallest true effect that is shown with that chance: a ratio above 1, or a positive difference; null where none is. */
  readonly detectable: number | null;
  /** Chance of the rule to decide as claimed where the claim is right: at the effect of interest, or at no difference for an equivalence. Null where none is named. */
  readonly atClaim: number | null;
}

interface Precision {
  readonly standardError: number;
  readonly degrees: number;
}

/** Chance that a two-sided test of level `alpha` finds a true effect: P(|T| > t) of the non-central t distribution. */
export function powerOfDifference(effect: number, { standardError, degrees }: Precision, alpha = 0.05): number {
  const critical = studentQuantile(1 - alpha / 2, degrees);
  const delta = effect / standardError;
  return overEstimatedDeviation(degrees, (s) => normalCdf(delta - critical * s) + normalCdf(-delta - critical * s));
}

/** The smallest effect that is found with the given chance. Null where the precision is not known. */
export function detectableEffect(precision: Precision, chance = 0.8, alpha = 0.05): number | null {
  const { standardError } = precision;
  if (!(standardError > 0) || !Number.isFinite(standardError)) return null;
  let [low, high] = [0, standardError];
  while (powerOfDifference(high, precision, alpha) < chance && high < 1e6 * standardError) high *= 2;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (powerOfDifference(middle, precision, alpha) < chance) low = middle;
    else high = middle;
  }
  return high;
}

/** Chance that two one-sided tests of level `alpha` show an effect within ±margin where it is `effect` (0 unless told). */
export function powerOfEquivalence(
  margin: number,
  { standardError, degrees }: Precision,
  { effect = 0, alpha = 0.05 }: { readonly effect?: number; readonly alpha?: number } = {},
): number {
  const critical = studentQuantile(1 - alpha, degrees);
  const [upper, lower] = [(margin - effect) / standardError, (-margin - effect) / standardError];
  return overEstimatedDeviation(degrees, (s) =>
    Math.max(0, normalCdf(upper - critical * s) - normalCdf(lower + critical * s)),
  );
}
