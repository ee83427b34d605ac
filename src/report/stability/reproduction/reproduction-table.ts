import type { ReproductionResult } from '../../../stability/index.ts';
import { formatNumber } from '../../numbers.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { kindsIn } from '../perturbation/perturbation-text.ts';
import { reproductionAnswer } from '../stability-answers.ts';
import { paperFindings } from './reproduction-findings.ts';

/** The findings as text for the terminal, and the growth at the ends of the stages. */
export function reproductionTable(
  result: ReproductionResult,
  { width = terminalWidth() }: Partial<TerminalOptions> = {},
): string {
  const { perturbations: p } = result;
  const kinds = kindsIn(p);
  const findings = paperFindings(result).flatMap((f) => [
    `${f.name} ${f.verdict.toUpperCase()}: ${f.statement}`,
    `   why: ${f.reason}`,
    ...f.evidence.map((e) => `   ${e}`),
  ]);
  const layers = p.layers.filter((l) => p.growth.some((g) => g.name === l.name));
  const growth = layers.map((l) => [l.name, ...kinds.map((k) => formatNumber(l[k]?.relativeNorm ?? Number.NaN, 3))]);
  return fitted(
    [
      ...opening(reproductionAnswer(result), width),
      '',
      `${result.model} on ${result.images.length} images of ${result.dataset}`,
      '',
      ...findings,
      ...(growth.length
        ? ['', '|d| / |x|, medians', ...alignColumns([['end of', ...kinds], ...growth], { width })]
        : []),
    ].join('\n'),
    width,
  );
}
