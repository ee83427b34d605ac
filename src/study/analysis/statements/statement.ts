import type { LinearErrorRow, Observation, Statement } from '../../../schema/index.ts';
import { corrected, effectText, overall } from '../../../verdict/index.ts';

export type { LinearErrorRow, Observation, Statement };

const sentence = ({ where, outcome, effect, claim, reason }: Observation) =>
  outcome === 'not testable here' && effect === null
    ? `${where}: ${reason}.`
    : `${where}: ${claim}${effect ? ` ${effectText(effect)}` : ''}; ${reason}.`;

/**
 * What the observations come to, corrected for being several (Holm).
 * @param every It is said of all observations: see `overall`.
 */
export function statementOf(
  id: string,
  statement: string,
  made: readonly Observation[],
  missing: string,
  { every = false }: { readonly every?: boolean } = {},
): Statement {
  const verdicts = corrected(made);
  const observations = made.map(({ where }, i): Observation => ({ ...verdicts[i]!, where }));
  const { outcome, reason } = overall(observations, { every });
  const testable = observations.filter((o) => o.outcome !== 'not testable here');
  // Where all together cannot tell, one that could does; whose outcome it is has to be said then.
  const quoted = outcome === 'cannot tell' ? (['agrees', 'disagrees', outcome] as const) : ([outcome] as const);
  const clearest = quoted.flatMap((wanted) => testable.filter((o) => o.outcome === wanted).reduce(clearer, []))[0];
  const answer =
    observations.length === 0
      ? missing
      : outcome === 'not testable here'
        ? `${observations.length === 1 ? 'the one observation cannot be tested' : `none of ${observations.length} observations can be tested, the first because`}: ${reason}`
        : `${reason}${clearest ? `; ${clearest.outcome === outcome ? '' : `${clearest.outcome}: `}${clearest.where}: ${clearest.claim} ${effectText(clearest.effect!)}` : ''}`;
  return {
    id,
    statement,
    verdict: outcome,
    answer: `${answer}.`,
    agreeing: testable.filter((o) => o.outcome === 'agrees').length,
    testable: testable.length,
    observations,
    evidence: observations.length === 0 ? [missing] : observations.map(sentence),
    every,
  };
}

/** The statements of several studies together, corrected for the observations of all of them. */
export function combinedStatements(
  studies: readonly { readonly study: string; readonly statements: readonly Statement[] }[],
): Statement[] {
  return (studies[0]?.statements ?? []).map(({ id, statement, every }) => {
    const own = studies.flatMap(({ study, statements }) =>
      statements.filter((s) => s.id === id).map((s) => ({ study, ...s })),
    );
    const observations = own.flatMap(({ study, observations: its }) =>
      its.map((o): Observation => ({ ...o, where: `${study}: ${o.where}` })),
    );
    return statementOf(id, statement, observations, own[0]!.evidence[0]!, { every });
  });
}

const clearer = (best: readonly Observation[], o: Observation): readonly Observation[] =>
  o.effect === null || (best[0] && sureness(best[0]) <= sureness(o)) ? best : [o];
const sureness = ({ support, against }: Observation) => Math.min(support ?? 1, against ?? 1);
