/** How numbers are written, on pages and in the terminal alike. */

/** A whole number with commas: 16384 -> `16,384`. */
export function formatCount(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 image`, `3 images`, `1,200 images`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;

/** `digits` significant digits; powers of ten outside 0.001 .. 9999: `1.00`, `0.0123`, `3.2e-6`. */
export function formatNumber(x: number, digits = 3): string {
  if (!Number.isFinite(x)) return String(x);
  if (x === 0) return '0';
  const size = Math.abs(x);
  if (size < 1e-3 || size >= 1e4) {
    return x.toExponential(Math.max(0, Math.min(digits, 2) - 1)).replace('e+', 'e');
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return x.toFixed(decimals);
}

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [...'-0123456789'].map((c, i) => [c, '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'[i]!]),
);

/** `⁻⁶` of `-6`: digits as exponents. */
export const raised = (power: string): string => [...power].map((c) => superscripts[c]).join('');

/** The same as a page sets it: `3.2×10⁻⁶`. */
export function typesetNumber(x: number, digits = 3): string {
  return formatNumber(x, digits).replace(/e(-?\d+)$/, (_, power: string) => `×10${raised(power)}`);
}

/**
 * A number that stands for itself, such as a plateau's value: no padding zeros, `1` and not `1.00`.
 */
export function formatExact(x: number): string {
  return String(Number(x.toPrecision(6)));
}

/** A share 0 .. 1 in per cent: `83 %`, below 10 % with two significant digits: `2.4 %`, `0.031 %`. */
export function formatPercent(share: number): string {
  const p = 100 * share;
  if (!Number.isFinite(p)) return String(p);
  if (p === 0) return '0 %';
  if (Math.abs(p) >= 9.95) return `${p.toFixed(0)} %`;
  return `${Number(p.toPrecision(2))} %`;
}

/** `20 % to 83 %`, or one number when both are written alike. */
export function formatRange(low: number, high: number, format: (x: number) => string): string {
  const [a, b] = [format(low), format(high)];
  return a === b ? a : `${a} to ${b}`;
}

/** Seconds as a person says them: `0.12 ms`, `0.42 s`, `12.3 s`, `4 min 05 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 0.00095) return `${Number((1000 * seconds).toPrecision(2))} ms`;
  if (seconds < 0.9995) return seconds < 0.0995 ? `${(1000 * seconds).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Bytes in binary units: `512 B`, `1.5 MiB`, `8.0 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [size, at] = [bytes, 0];
  while (size >= 1023.95 && at < units.length - 1) {
    size /= 1024;
    at++;
  }
  return at === 0 ? `${Math.round(size)} B` : `${size.toFixed(1)} ${units[at]}`;
}
