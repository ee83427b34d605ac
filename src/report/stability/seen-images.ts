import type { SeenImage } from '../../stability/index.ts';
import { formatCount } from '../numbers.ts';

/** The images of a result in one line: each of a few with its class and what the network says, of many only how many. */
export function seenImages({
  images,
  classes,
}: {
  readonly images: readonly SeenImage[];
  readonly classes: readonly string[];
}): string {
  const name = (c: number) => classes[c] ?? `class ${c}`;
  const wrong = images.filter((i) => i.predicted !== i.label).length;
  if (images.length > 8)
    return `${formatCount(images.length)} test images, ${wrong === 0 ? 'all predicted right' : `${formatCount(wrong)} of them predicted wrong`}`;
  return images
    .map(
      ({ index, label, predicted }) =>
        `image ${index} (${name(label)}, ${predicted === label ? 'predicted so' : `predicted ${name(predicted)}`})`,
    )
    .join(', ');
}
