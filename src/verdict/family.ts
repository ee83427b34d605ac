import { decide, type Verdict, type VerdictOutcome } from './verdict.ts';

/** p values corrected for being several (Holm 1979): the chance of one false finding among all stays below the level. In the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}

/**
 * The verdicts of several comparisons of one claim, with their p values corrected by Holm's method, on both sides. Outcomes that no longer stand become `cannot tell`. Verdicts
 * without p values stay as they are. Those that were corrected in a smaller family before are taken as they were without it.
 */
export function corrected(family: readonly Verdict[]): Verdict[] {
  const verdicts = family.map((v) => ({ ...v, ...v.uncorrected }));
  const tested = verdicts.filter((v) => v.support !== null && v.against !== null);
  const support = holm(tested.map((v) => v.support!));
  const against = holm(tested.map((v) => v.against!));
  return verdicts.map((v) => {
    const at = tested.indexOf(v);
    if (at < 0) return v;
    const [forIt, againstIt] = [support[at]!, against[at]!];
    const { outcome: before, support: ownSupport, against: ownAgainst, reason } = v;
    const kept = before === 'disagrees' ? decide(1, againstIt) : before === 'agrees' ? decide(forIt, 1) : before;
    const lost = kept !== before;
    return {
      ...v,
      support: forIt,
      against: againstIt,
      outcome: kept,
      reason: lost ? `${reason}, but not beyond what ${tested.length} comparisons bring by chance (Holm)` : reason,
      uncorrected: { outcome: before, support: ownSupport, against: ownAgainst, reason },
    };
  });
}

/**
 * A claim that is right where one of several is, such as that some smaller batch goes lower: it agrees where the surest of them does, corrected for their number (Bonferroni), and disagrees only where
 * each of them does (an intersection-union test). Picking the clearest one and testing that alone would agree too often.
 * @param shown Which of them gives the effect and the reason.
 */
export function anyOf(verdicts: readonly Verdict[], shown: Verdict): Verdict {
  const tested = verdicts.filter((v) => v.support !== null && v.against !== null);
  if (tested.length === 0) return shown;
  const support = Math.min(1, tested.length * Math.min(...tested.map((v) => v.support!)));
  const against = Math.max(...tested.map((v) => v.against!));
  const outcome = decide(support, against);
  const all = `${tested.length} comparisons together`;
  return {
    ...shown,
    support,
    against,
    outcome,
    reason:
      outcome === shown.outcome
        ? shown.reason
        : `${shown.reason}; ${all} ${outcome === 'cannot tell' ? 'do not tell' : outcome === 'agrees' ? 'agree' : 'disagree'}`,
  };
}

/** How many of each outcome. */
export function tally(verdicts: readonly Pick<Verdict, 'outcome'>[]): Readonly<Record<VerdictOutcome, number>> {
  const count = (outcome: VerdictOutcome) => verdicts.filter((v) => v.outcome === outcome).length;
  return {
    agrees: count('agrees'),
    disagrees: count('disagrees'),
    'cannot tell': count('cannot tell'),
    'not testable here': count('not testable here'),
  };
}

/**
 * What several observations say of one statement. Some that agree and none that disagrees: it agrees (and the other way round), if they are at least half of those that were
 * testable; observations that contradict each other, or are mostly undecided, cannot tell.
 * @param every The statement is about all of them, such as "is the same with any share": then one that disagrees after correction refutes it.
 */
export function overall(
  verdicts: readonly Verdict[],
  { every = false }: { readonly every?: boolean } = {},
): { readonly outcome: VerdictOutcome; readonly reason: string } {
  const n = tally(verdicts);
  const testable = verdicts.length - n['not testable here'];
  if (testable === 0)
    return { outcome: 'not testable here', reason: verdicts[0]?.reason ?? 'nothing of the kind was measured' };
  const counts = `${n.agrees} agree${n.agrees === 1 ? 's' : ''}, ${n.disagrees} disagree${n.disagrees === 1 ? 's' : ''}, ${n['cannot tell']} cannot tell, of ${testable} that could be tested`;
  if (every && n.disagrees > 0) return { outcome: 'disagrees', reason: `it is said of all: ${counts}` };
  if (n.agrees > 0 && n.disagrees > 0)
    return { outcome: 'cannot tell', reason: `observations contradict each other: ${counts}` };
  if (2 * n.agrees >= testable) return { outcome: 'agrees', reason: counts };
  if (2 * n.disagrees >= testable) return { outcome: 'disagrees', reason: counts };
  return { outcome: 'cannot tell', reason: counts };
}
