import { corrected, effectText, overall, type Verdict, type VerdictOutcome } from '../../../verdict/index.ts';

/** An observation that a statement is held against: where it was made, with its verdict. */
export interface Observation extends Verdict {
  /** Workload, strategy, target, batch size. */
  readonly where: string;
}

/** A statement of the paper (arXiv 1811.12941, in our words) held against a study. */
export interface Statement {
  readonly id: string;
  readonly statement: string;
  readonly verdict: VerdictOutcome;
  /** In a sentence, with the interval of the clearest observation: what the verdict rests on. */
  readonly answer: string;
  /** Observations that agree, of those that could be tested. */
  readonly agreeing: number;
  readonly testable: number;
  readonly observations: readonly Observation[];
  /** The observations as sentences. */
  readonly evidence: readonly string[];
}

/** The linear-approximation error of a strategy's step (`linearApproximation`), measured on a network of the study. */
export interface LinearErrorRow {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly rate: number;
  /** |L - L̂| / (rate |g|²): ours. */
  readonly error: number;
  /** |L - L̂|, the paper's, in units of the loss; null in what was measured before it was kept. */
  readonly absolute: number | null;
  /** Which weights, in words: `after warm-up`, `at the target`. */
  readonly at: string;
}

const sentence = ({ where, outcome, effect, claim, reason }: Observation) =>
  outcome === 'not testable here' && effect === null
    ? `${where}: ${reason}.`
    : `${where}: ${claim}${effect ? ` ${effectText(effect)}` : ''}; ${reason}.`;

/** What the observations come to, corrected for being several (Holm). */
export function statementOf(id: string, statement: string, made: readonly Observation[], missing: string): Statement {
  const verdicts = corrected(made);
  const observations = made.map((o, i): Observation => ({ where: o.where, ...verdicts[i]! }));
  const { outcome, reason } = overall(observations);
  const testable = observations.filter((o) => o.outcome !== 'not testable here');
  const clearest = observations
    .filter((o) => o.outcome === outcome && o.effect !== null)
    .reduce<Observation | null>((best, o) => (best && sureness(best) <= sureness(o) ? best : o), null);
  const answer =
    observations.length === 0
      ? missing
      : outcome === 'not testable here'
        ? `${observations.length === 1 ? 'the one observation cannot be tested' : `none of ${observations.length} observations can be tested, the first because`}: ${reason}`
        : `${reason}${clearest ? `; ${clearest.where}: ${clearest.claim} ${effectText(clearest.effect!)}` : ''}`;
  return {
    id,
    statement,
    verdict: outcome,
    answer: `${answer}.`,
    agreeing: testable.filter((o) => o.outcome === 'agrees').length,
    testable: testable.length,
    observations,
    evidence: observations.length === 0 ? [missing] : observations.map(sentence),
  };
}

const sureness = ({ support, against }: Observation) => Math.min(support ?? 1, against ?? 1);
