import { normalCdf, overEstimatedDeviation, studentQuantile } from './distributions.ts';

/** The chance that a power is stated for. */
export const powerChance = 0.8;

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

/** The effect in standard errors that is found with chance 0.8 at 5 %, by degrees of freedom: it depends on nothing else. */
const detectableByDegrees = new Map<number, number>();

/** The smallest effect that a two-sided test at 5 % finds with chance 0.8. Null where the precision is not known. */
export function detectableEffect({ standardError, degrees }: Precision): number | null {
  if (!(standardError > 0) || !Number.isFinite(standardError)) return null;
  let found = detectableByDegrees.get(degrees);
  if (found === undefined) {
    const unit = { standardError: 1, degrees };
    let [low, high] = [0, 4];
    while (powerOfDifference(high, unit) < powerChance && high < 1e6) high *= 2;
    for (let i = 0; i < 24; i++) {
      const middle = (low + high) / 2;
      if (powerOfDifference(middle, unit) < powerChance) low = middle;
      else high = middle;
    }
    found = high;
    if (detectableByDegrees.size > 1000) detectableByDegrees.clear();
    detectableByDegrees.set(degrees, found);
  }
  return found * standardError;
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
