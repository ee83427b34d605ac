import type { SpectrumResult } from '../../../stability/index.ts';
import { formatCount, formatExact, formatPercent, formatRange, typesetNumber } from '../../numbers.ts';
import { blocksOf, type SpectrumRow, spectrumRow, unitRows } from './spectrum-rows.ts';

/** One thing that the data show: a short value to read from afar, and the sentence it belongs to. */
export interface Finding {
  readonly value: string;
  readonly sentence: string;
  /** It limits or contradicts the others. */
  readonly caution?: boolean;
}

const smallestBy = <T>(items: readonly T[], of: (item: T) => number): T =>
  items.reduce((a, b) => (of(b) < of(a) ? b : a));
const largestBy = <T>(items: readonly T[], of: (item: T) => number): T => smallestBy(items, (x) => -of(x));

/** `layer3.8`, with the image where there are several. */
function where(result: SpectrumResult, row: SpectrumRow): string {
  return result.images.length > 1 ? `${row.block.name}, image ${row.image.index}` : row.block.name;
}

/** `27 units`, or `81 spectra (27 units at 3 images)`. */
function population(result: SpectrumResult, rows: readonly SpectrumRow[]): string {
  const units = new Set(rows.map((r) => r.block.name)).size;
  const unitText = `${units} unit${units === 1 ? '' : 's'}`;
  return result.images.length > 1 ? `${rows.length} spectra (${unitText} at ${result.images.length} images)` : unitText;
}

function plateauName(rows: readonly SpectrumRow[]): string {
  const values = [...new Set(rows.map((r) => r.block.plateau!.value))].sort((a, b) => a - b);
  return values.length <= 3 ? `the plateau at ${values.map(formatExact).join(', ')}` : 'its plateau';
}

function plateauFindings(result: SpectrumResult, rows: readonly SpectrumRow[]): Finding[] {
  const counted = rows.filter((r) => r.plateauShare !== null);
  if (counted.length === 0) return [];
  const low = smallestBy(counted, (r) => r.plateauShare!);
  const high = largestBy(counted, (r) => r.plateauShare!);
  const majority = counted.filter((r) => r.plateauShare! > 0.5).length;
  const findings: Finding[] = [
    {
      value: formatRange(low.plateauShare!, high.plateauShare!, formatPercent),
      sentence:
        counted.length === 1
          ? `of the singular values of ${where(result, low)} lie at ${plateauName(counted)} (${formatCount(low.block.plateau!.count)} of ${formatCount(low.size)}).`
          : `of a unit’s singular values lie at ${plateauName(counted)}, from ${formatCount(low.block.plateau!.count)} of ${formatCount(low.size)} (${where(result, low)}) ` +
            `to ${formatCount(high.block.plateau!.count)} of ${formatCount(high.size)} (${where(result, high)}). They are more than half in ${majority} of ${population(result, counted)}.`,
    },
  ];
  const bounded = counted.filter((r) => r.block.bound !== null);
  if (bounded.length > 0) {
    const kept = bounded.filter((r) => r.block.plateau!.count >= r.block.bound!);
    const broken = bounded.filter((r) => !kept.includes(r));
    const silent = bounded.filter((r) => r.block.bound === 0).length;
    findings.push({
      value: `${kept.length} of ${bounded.length}`,
      sentence:
        `${result.images.length > 1 ? 'spectra' : `unit${bounded.length === 1 ? '' : 's'}`} have at least as many values at the plateau as the rank argument demands (n − 2k)` +
        (silent > 0 ? `; in ${silent} of them the bound is 0 and demands nothing.` : '.') +
        (broken.length > 0
          ? ` Fewer in ${broken
              .slice(0, 3)
              .map((r) => where(result, r))
              .join('; ')}${broken.length > 3 ? '; …' : ''}: tolerance or residuals must be looked at.`
          : ''),
      ...(broken.length > 0 ? { caution: true } : {}),
    });
  }
  const split = counted.filter(
    (r) =>
      r.block.activeHidden !== null && r.block.above === r.block.activeHidden && r.block.below === r.block.activeHidden,
  );
  if (split.length > 0) {
    findings.push({
      value: `${split.length} of ${counted.length}`,
      sentence: `${result.images.length > 1 ? 'spectra' : `unit${counted.length === 1 ? '' : 's'}`} have exactly k values above and exactly k below the plateau, k being the number of active inner units.`,
    });
  }
  return findings;
}

function extremeFindings(result: SpectrumResult, rows: readonly SpectrumRow[]): Finding[] {
  const findings: Finding[] = [];
  const measured = rows.filter((r) => r.largest !== null);
  if (measured.length > 0) {
    const top = largestBy(measured, (r) => r.largest!);
    const low = smallestBy(measured, (r) => r.largest!);
    findings.push({
      value: `σ max = ${typesetNumber(top.largest!, 2)}`,
      sentence:
        measured.length === 1
          ? `is the largest singular value of ${where(result, top)}.`
          : `is the largest singular value of any unit, at ${where(result, top)}. The unit whose largest is smallest has ${typesetNumber(low.largest!, 2)} (${where(result, low)}).`,
    });
  }
  const complete = rows.filter((r) => r.smallestNonzero !== null);
  const [count, zeros, total] = [
    complete.length,
    complete.reduce((s, r) => s + r.zeros, 0),
    complete.reduce((s, r) => s + r.block.singularValues.length, 0),
  ];
  if (count > 0) {
    const least = smallestBy(complete, (r) => r.smallestNonzero!);
    findings.push({
      value: `σ min = ${typesetNumber(least.smallestNonzero!, 2)}`,
      sentence:
        `is the smallest singular value that is not zero, at ${where(result, least)}. ` +
        (zeros === 0
          ? `No value of the ${formatCount(total)} is zero within tolerance.`
          : `${formatCount(zeros)} of ${formatCount(total)} values (${formatPercent(zeros / total)}) are zero within tolerance.`),
    });
  }
  const active = rows.filter((r) => r.activeFraction !== null);
  if (active.length > 0) {
    const [low, high] = [smallestBy(active, (r) => r.activeFraction!), largestBy(active, (r) => r.activeFraction!)];
    findings.push({
      value: formatRange(low.activeFraction!, high.activeFraction!, formatPercent),
      sentence:
        active.length === 1
          ? `of the inner units of ${where(result, low)} are active.`
          : `of a unit’s inner units are active, fewest in ${where(result, low)}, most in ${where(result, high)}.`,
    });
  }
  return findings;
}

function spreadFindings(result: SpectrumResult): Finding[] {
  if (result.spread.length === 0) return [];
  const low = smallestBy(result.spread, (s) => s.relativeDifference);
  const high = largestBy(result.spread, (s) => s.relativeDifference);
  return [
    {
      value: formatRange(low.relativeDifference, high.relativeDifference, formatPercent),
      sentence:
        `is the mean relative difference between the sorted spectra of a unit at two of ${result.images.length} images` +
        (low === high ? ` (${low.name}).` : `; largest in ${high.name}.`),
    },
  ];
}

function stageFindings(result: SpectrumResult): Finding[] {
  const rows = result.images.flatMap((image) =>
    image.stages.map((stage, i) => ({ stage, row: spectrumRow(image, stage, i) })),
  );
  const measured = rows.filter(({ row }) => row.largest !== null);
  if (measured.length === 0) return [];
  const top = largestBy(measured, ({ row }) => row.largest!);
  const compared = measured.filter(({ stage }) => stage.productOfUnitNorms !== null);
  const ratio = ({ stage, row }: (typeof rows)[number]) => row.largest! / stage.productOfUnitNorms!;
  const findings: Finding[] = [
    {
      value: `stage σ max = ${typesetNumber(top.row.largest!, 2)}`,
      sentence: `is the largest amplification by a whole stage, at ${where(result, top.row)} (${measured.length} stage spectr${measured.length === 1 ? 'um' : 'a'}).`,
    },
  ];
  if (compared.length > 0) {
    const [low, high] = [smallestBy(compared, ratio), largestBy(compared, ratio)];
    findings.push({
      value: formatRange(ratio(low), ratio(high), formatPercent),
      sentence: `of the product of its units’ norms is what a stage’s norm reaches, e.g. ${typesetNumber(high.row.largest!, 2)} against ${typesetNumber(high.stage.productOfUnitNorms!, 2)} at ${where(result, high.row)}.`,
    });
  }
  return findings;
}

/** How far the logits move with the pixels. */
function networkFindings({ images }: SpectrumResult): Finding[] {
  const norms = images.flatMap((image) => image.network?.singularValues[0] ?? []);
  if (norms.length === 0) return [];
  return [
    {
      value: formatRange(Math.min(...norms), Math.max(...norms), (s) => typesetNumber(s, 3)),
      sentence: `is the largest singular value from the pixels to the logits: by so much, times the l2 length of a small change of the pixels, do the logits move at most (l2, ${images.length === 1 ? 'at one image' : 'from image to image'}).`,
    },
  ];
}

function qualityFindings(result: SpectrumResult, rows: readonly SpectrumRow[]): Finding[] {
  const all = result.images.flatMap((image) => blocksOf(image).map((block, i) => spectrumRow(image, block, i)));
  if (all.length === 0) return [];
  const worst = largestBy(all, (r) => r.block.maxResidual);
  const findings: Finding[] = [
    {
      value: typesetNumber(worst.block.maxResidual, 2),
      sentence: `is the largest residual of any value in this report, relative to the largest singular value of its block (${where(result, worst)}).`,
    },
  ];
  const incomplete = rows.filter((r) => !r.block.complete);
  if (incomplete.length > 0) {
    findings.push({
      value: `${incomplete.length} of ${rows.length}`,
      sentence: 'unit spectra are not complete: only their leading values are given, and no counts are made from them.',
      caution: true,
    });
  }
  const wrong = result.images.filter((i) => i.label !== i.predicted);
  if (wrong.length > 0) {
    findings.push({
      value: `${wrong.length} of ${result.images.length}`,
      sentence: `image${result.images.length === 1 ? '' : 's'} classified wrongly (${wrong
        .map((i) => i.index)
        .slice(0, 8)
        .join(', ')}${wrong.length > 8 ? ', …' : ''}).`,
      caution: true,
    });
  }
  return findings;
}

/** What the measured numbers show, most telling first. Nothing is said that is not counted from `result`. */
export function spectrumFindings(result: SpectrumResult): Finding[] {
  const rows = unitRows(result);
  return [
    ...plateauFindings(result, rows),
    ...extremeFindings(result, rows),
    ...spreadFindings(result),
    ...stageFindings(result),
    ...networkFindings(result),
    ...qualityFindings(result, rows),
  ];
}
