import type { LinearErrorRow, Observation, Statement } from '../../../schema/index.ts';
import { corrected, effectText, overall } from '../../../verdict/index.ts';

export type { LinearErrorRow, Observation, Statement };

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
