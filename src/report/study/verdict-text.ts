import type { CriticalBatch, Statement, StudyReport, TargetAnalysis } from '../../study/analysis/index.ts';
import { tally, type VerdictOutcome } from '../../verdict/index.ts';
import { formatCount, formatNumber } from '../numbers.ts';

export const batchCount = (x: number | null): string =>
  x === null ? '–' : x < 100 && !Number.isInteger(x) ? formatNumber(x) : formatCount(x);

/** The largest B_crit that is printed as a number: above it an end of an interval is as good as open. */
const beyondAnyStudy = 1e7;

/** `400 to 3,000`; open ends are said; `no bounds` where there are no more points than the curve has numbers. */
export function intervalText({ low, high }: Pick<CriticalBatch, 'low' | 'high'>): string {
  const open = high === null || high > beyondAnyStudy;
  const bottom = low === null || low < 0.5 ? null : batchCount(Math.round(low) >= 100 ? Math.round(low) : low);
  if (bottom === null && open) return 'no bound either way';
  const top = open ? null : batchCount(high! >= 100 ? Math.round(high!) : high!);
  return top === null ? `${bottom} or more` : bottom === null ? `${top} or less` : `${bottom} to ${top}`;
}

/** What is known of B_crit, in words: value, interval, and on what it rests. */
export function criticalText(critical: CriticalBatch): string {
  const { value, low, high, reason, condition } = critical;
  if (value === null) {
    const bound =
      low !== null ? `above ${batchCount(low)}: ` : high !== null ? `below ${batchCount(high)}: ` : 'not to be had: ';
    return `B_crit ${bound}${reason}`;
  }
  const number = `${batchCount(value >= 100 ? Math.round(value) : value)} (95 %: ${intervalText(critical)})`;
  return condition === null ? `B_crit ${number}, measured` : `B_crit about ${number}, an estimate: ${condition}`;
}

/** Every number that is said of it comes with its interval; what has none says so. */
export function answerOf(report: StudyReport<unknown>): string[] {
  return report.workloads.flatMap((w) => {
    const tuned = w.strategies.filter((s) => s.rates === 'tuned');
    const rank = (s: TargetAnalysis) =>
      s.criticalBatch.value === null ? 3 : s.criticalBatch.standing === 'measured' ? 0 : s.baseProblem === null ? 1 : 2;
    const least = (s: TargetAnalysis) => s.leastSteps ?? Number.MAX_VALUE;
    // Of what is equally well founded the one that comes to the target in the fewest steps.
    const best = [...tuned].sort((a, b) => rank(a) - rank(b) || least(a) - least(b))[0];
    if (!best) return [`${w.name}: no target was reached, so nothing can be said of its batch size.`];
    const { value } = best.criticalBatch;
    const text = criticalText(best.criticalBatch);
    return [
      value === null
        ? `${w.name}, ${best.name} (${best.target}): it cannot be told where larger batches stop paying; ${text}.`
        : `${w.name}, ${best.name} (${best.target}): larger batches pay up to about ${batchCount(Math.round(value))}; ${text}.`,
    ];
  });
}

/** What the statements come to, of one study or of several. */
export function answerTogether(statements: readonly Statement[]): string {
  const counts = Object.entries(tally(statements.map((s) => ({ outcome: s.verdict }))));
  return `Of ${statements.length} statements: ${counts.map((c) => c.join(' ')).join(', ')}.`;
}

/** Lines that are longer are hard to follow. */
const widest = 118;

/** A sentence as lines, every one indented, of at most 118 columns, or as many as a narrower terminal has. */
export function wrapped(text: string, indent = 0, columns?: number): string[] {
  const width = Math.min(widest, columns ?? widest);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((l) => ' '.repeat(indent) + l);
}

/** Classes of the page and colours of the terminal by outcome. */
export const outcomeTone: Readonly<Record<VerdictOutcome, 'green' | 'red' | 'yellow' | 'dim'>> = {
  agrees: 'green',
  disagrees: 'red',
  'cannot tell': 'yellow',
  'not testable here': 'dim',
};

/** `2 of 7 tested`, and how many were not testable. */
export function countText({ agreeing, testable, observations }: Statement): string {
  const open = observations.length - testable;
  return `${agreeing} of ${testable} agree${open > 0 ? `, ${open} not testable` : ''}`;
}
