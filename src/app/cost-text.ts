// Past the door of report/, which loads all tables: a command's help needs none of them.
import { groupBy } from '../base/group-by.ts';
import { formatIndices } from '../base/indices.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../report/numbers.ts';

/** `about 12.3 s, up to 1.5 MiB of memory`. */
export const costText = ({ seconds, bytes }: { readonly seconds: number; readonly bytes: number }): string =>
  `about ${formatDuration(seconds)}, up to ${formatBytes(bytes)} of memory`;

/** One line for each block and method, with the images that it is done at: `layer1.0 at images 1-9: lanczos, 40 s`, which is the time of all of them. */
export function blockLines(
  blocks: readonly {
    readonly name: string;
    readonly image: number;
    readonly method: string;
    readonly seconds: number;
  }[],
): string[] {
  return [...groupBy(blocks, ({ name, method }) => `${name} ${method}`).values()].map((group) => {
    const { name, method } = group[0]!;
    const images = group.map((b) => b.image);
    const seconds = group.reduce((sum, b) => sum + b.seconds, 0);
    return `${name} at image${images.length === 1 ? '' : 's'} ${formatIndices(images)}: ${method}, ${formatDuration(seconds)}`;
  });
}

export { formatBytes, formatCount, formatDuration, plural };
