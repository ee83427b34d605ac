import type { ProbedValue } from '../../stability/index.ts';
import { formatNumber } from '../numbers.ts';

/** `1.23 ± 0.042`, or the value alone where there is no error. */
export function withError(
  { value, standardError }: ProbedValue,
  format: (x: number, digits?: number) => string = formatNumber,
): string {
  return standardError === null
    ? `${format(value)} (one probe: no error)`
    : `${format(value)} ± ${format(standardError, 2)}`;
}
