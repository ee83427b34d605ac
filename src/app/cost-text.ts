// Past the door of report/, which loads all tables: a command's help needs none of them.
import { formatBytes, formatCount, formatDuration, plural } from '../report/numbers.ts';

/** `about 12.3 s, up to 1.5 MiB of memory`. */
export const costText = ({ seconds, bytes }: { readonly seconds: number; readonly bytes: number }): string =>
  `about ${formatDuration(seconds)}, up to ${formatBytes(bytes)} of memory`;

export { formatBytes, formatCount, formatDuration, plural };
