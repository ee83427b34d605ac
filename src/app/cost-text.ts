// Past the door of report/, which loads all tables: a command's help needs none of them.
import { formatBytes, formatCount, formatDuration } from '../report/numbers.ts';

/** `1 image`, `3 images`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;

/** `about 12.3 s, up to 1.5 MiB of memory`. */
export const costText = ({ seconds, bytes }: { readonly seconds: number; readonly bytes: number }): string =>
  `about ${formatDuration(seconds)}, up to ${formatBytes(bytes)} of memory`;

export { formatBytes, formatCount, formatDuration };
