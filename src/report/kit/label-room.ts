/** A label beside a point of a figure, in pixels: where its text begins, and what it says. */
export interface PlacedLabel {
  readonly x: number;
  /** Middle of its line, downwards. */
  readonly y: number;
  readonly text: string;
}

/** Of the font of figures: width of a digit, and height of a line. */
const [digit, line] = [6.5, 13];

/** Those labels that are drawn without lying on one another; the first come first. */
export function withRoom<T extends PlacedLabel>(labels: readonly T[]): T[] {
  const kept: T[] = [];
  for (const label of labels) {
    const meets = (other: T) =>
      label.x < other.x + digit * other.text.length &&
      other.x < label.x + digit * label.text.length &&
      Math.abs(label.y - other.y) < line;
    if (!kept.some(meets)) kept.push(label);
  }
  return kept;
}
