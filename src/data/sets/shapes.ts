import { UsageError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import type { ImageDataset, Split } from '../dataset.ts';
import { pictureBytes } from '../memory.ts';
import { area, type Colour, paint, paintGround, type Stripes, side } from './shapes-canvas.ts';
import { figures, shapeClasses, stroke } from './shapes-figures.ts';

/** How hard the data set is: each knob from 0 (none) to 1 (much). They are independent: moving one leaves what the others draw as it was. */
export interface ShapesKnobs {
  /** Strokes, some across the figure, small dim figures of any class, and stripes in the ground; 0.3 unless told. */
  readonly clutter?: number;
  /** Pixel noise of standard deviation 0.2 times this; 0.3 unless told. */
  readonly noise?: number;
  /** Rotation by up to half a turn either way, radius 9.5 pixels by a factor of 0.65 to 1.2, place by up to 5 pixels; 0.5 unless told. */
  readonly pose?: number;
  /** Fraction of the labels of the *training* split that are replaced by another class. Test labels and masks stay true. */
  readonly labelNoise?: number;
  /** One knob for clutter, noise and pose at once, where they are not given themselves: the complexity of the data as one number. */
  readonly complexity?: number;
}

/** How images of the procedural data set are drawn. */
export interface ShapesOptions extends ShapesKnobs {
  readonly count: number;
  readonly seed: number;
  /** Pictures of different splits are independent draws. */
  readonly split: Split;
}

type Knobs = Required<Omit<ShapesKnobs, 'complexity'>>;

/** What a mask has where there is no figure. */
const background = shapeClasses.length;
const maskClasses = [...shapeClasses, 'background'];

type Between = (low: number, high: number) => number;

/** A colour of about this brightness. */
function colourOf(brightness: number, between: Between): Colour {
  const channel = () => Math.min(1, Math.max(0, brightness + between(-0.16, 0.16)));
  return [channel(), channel(), channel()];
}

function stripesOf(amplitude: number, between: Between): Stripes {
  const [angle, frequency] = [between(0, Math.PI), between(0.5, 1.6)];
  return {
    amplitude,
    frequency: [frequency * Math.cos(angle), frequency * Math.sin(angle)],
    phase: between(0, 2 * Math.PI),
  };
}

/** The class of a picture: every ten in a row have all classes once, in an order of their own. */
function classOf(index: number, draw: (purpose: string, index: number) => RandomStream): number {
  const order = [...shapeClasses.keys()];
  const random = draw('class', Math.floor(index / order.length));
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order[index % order.length]!;
}

function requireKnobs(knobs: Knobs): void {
  for (const [name, value] of Object.entries(knobs)) {
    if (!(value >= 0 && value <= 1)) throw new UsageError(`shapes: ${name} must be from 0 to 1, got ${value}`);
  }
}

/**
 * `shapes`: 32 x 32 RGB pictures of ten kinds of figures, rendered here, in a quarter of a millisecond each. Figures are lighter or darker than the ground at
 * random and both have stripes, so no linear classifier does well. Picture `i` depends on the seed, the split, `i` and the knobs
 * alone: a larger data set begins with the smaller one, and the classes are balanced in every ten pictures.
 *
 * `masks` has the class of the figure in each pixel that it covers by half or more (before strokes cross it), and 10 elsewhere.
 */
export function shapesDataset(options: ShapesOptions): ImageDataset {
  const { count, seed, split, complexity, labelNoise = 0 } = options;
  const { clutter = complexity ?? 0.3, noise = complexity ?? 0.3, pose = complexity ?? 0.5 } = options;
  const knobs = { clutter, noise, pose, labelNoise };
  requireKnobs(knobs);
  if (!(Number.isSafeInteger(count) && count > 0))
    throw new UsageError(`shapes: count must be a positive whole number, got ${count}`);
  const draw = (purpose: string, index: number) =>
    new RandomStream({ seed, purpose: `shapes/${split}/${purpose}`, index });
  const bytes = pictureBytes('shapes', count, [4, side, side]);
  const pixels = bytes.subarray(0, count * 3 * area);
  const labels = new Uint8Array(count);
  const masks = bytes.subarray(count * 3 * area).fill(background);
  const picture = new Float64Array(3 * area);
  for (let i = 0; i < count; i++) {
    const label = classOf(i, draw);
    const random = (purpose: string) => draw(purpose, i);
    render(picture, label, knobs, random, masks.subarray(i * area, (i + 1) * area));
    quantize(picture, noise, random('noise'), pixels.subarray(i * 3 * area, (i + 1) * 3 * area));
    labels[i] = split === 'train' ? noisyLabel(label, labelNoise, random('label')) : label;
  }
  return { name: 'shapes', classes: shapeClasses, count, shape: [3, side, side], pixels, labels, masks, maskClasses };
}

/** Paints ground, clutter behind, the figure, and strokes across it. */
function render(
  picture: Float64Array,
  label: number,
  { clutter, pose }: Knobs,
  draw: (purpose: string) => RandomStream,
  mask: Uint8Array,
): void {
  const betweenOf =
    (random: RandomStream): Between =>
    (low, high) =>
      low + (high - low) * random.uniform();
  const colours = betweenOf(draw('colour'));
  const brightness = colours(0.2, 0.8);
  const contrast = colours(0.3, 0.5);
  const lighter = brightness < 0.5 ? brightness + contrast <= 0.95 : brightness - contrast < 0.05;
  const flip = colours(0, 1) < 0.5 && brightness - contrast > 0.02 && brightness + contrast < 0.98;
  const sign = lighter !== flip ? 1 : -1;
  const ground = colourOf(brightness, colours);
  const colour = colourOf(brightness + sign * contrast, colours);
  const groundStripes = stripesOf(0.04 + 0.1 * clutter, colours);
  const figureStripes = stripesOf(0.07, colours);
  paintGround(picture, ground, groundStripes);

  const between = betweenOf(draw('clutter'));
  const place = () => ({ x: between(0, side), y: between(0, side), angle: between(0, 2 * Math.PI) });
  const line = (): void => {
    const length = between(5, 14);
    const figure = stroke(length, between(0.8, 1.6));
    paint(picture, { figure, ...place(), scale: 1, extent: length + 1, colour: colourOf(between(0.1, 0.9), between) });
  };
  for (let k = Math.round(5 * clutter); k > 0; k--) {
    const figure = figures[shapeClasses[Math.floor(between(0, shapeClasses.length))]!];
    const mix = between(0.25, 0.6);
    const dim = ground.map((g, c) => g + mix * (colour[c]! - g)) as unknown as Colour;
    paint(picture, { figure, ...place(), scale: between(2, 3.6), extent: 1.1, colour: dim });
  }
  for (let k = Math.round(5 * clutter); k > 0; k--) line();

  const posing = betweenOf(draw('pose'));
  const spread = (range: number) => pose * posing(-range, range);
  const placed = {
    x: side / 2 + spread(5),
    y: side / 2 + spread(5),
    scale: 9.5 * (1 + pose * posing(-0.35, 0.2)),
    angle: spread(Math.PI),
  };
  const figure = figures[shapeClasses[label]!];
  paint(picture, { figure, ...placed, extent: 1.1, colour, stripes: figureStripes }, (pixel) => {
    mask[pixel] = label;
  });
  for (let k = Math.round(3 * clutter); k > 0; k--) line();
}

/** Adds noise and rounds to bytes. One 32-bit draw gives all three channels of a pixel a sum of two 5-bit numbers: a triangular density. */
function quantize(picture: Float64Array, noise: number, random: RandomStream, pixels: Uint8Array): void {
  // Two uniform numbers 0 .. 31 have a variance of 2 (32^2 - 1) / 12 = 170.5.
  const scale = (0.2 * noise) / Math.sqrt(170.5);
  const plane = picture.length / 3;
  for (let p = 0; p < plane; p++) {
    let bits = noise > 0 ? random.uint32() : 0;
    for (let c = 0; c < 3; c++) {
      const added = noise > 0 ? scale * ((bits & 31) + ((bits >>> 5) & 31) - 31) : 0;
      bits >>>= 10;
      pixels[c * plane + p] = Math.round(255 * Math.min(1, Math.max(0, picture[c * plane + p]! + added)));
    }
  }
}

function noisyLabel(label: number, fraction: number, random: RandomStream): number {
  if (random.uniform() >= fraction) return label;
  return (label + 1 + random.integer(shapeClasses.length - 1)) % shapeClasses.length;
}
