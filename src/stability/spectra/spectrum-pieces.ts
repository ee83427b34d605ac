import { groupBy } from '../../base/group-by.ts';
import type { MissingBlock } from './spectrum.ts';

/** A piece of a measurement of spectra: what replaces keys of its request. */
export interface SpectrumPiece {
  readonly images: readonly number[];
  readonly units: string;
  readonly stages: boolean;
}

/** Pieces that are aimed at, and seconds of one by the plan's estimate: one of less would be spent on reading the network. */
const aimedAt = 100;
const [shortest, longest] = [2, 60];

interface WorkPiece {
  readonly piece: SpectrumPiece;
  /** Seconds by the plan. */
  readonly work: number;
}

/**
 * Divides what is missing into pieces of about the same time: of a long image the units, as many as fit, and the stages by themselves; short images, of which the same is missing, together.
 */
export function spectrumPieces(missing: readonly MissingBlock[]): WorkPiece[] {
  const total = missing.reduce((sum, b) => sum + b.seconds, 0);
  const enough = Math.min(longest, Math.max(shortest, total / aimedAt));
  const pieces: WorkPiece[] = [];
  /** Short images of which the same is missing, by what that is. */
  const short = new Map<string, { units: string; stages: boolean; images: number[]; work: number }>();
  for (const [image, blocks] of groupBy(missing, (block) => block.image)) {
    const units = blocks.filter((b) => b.kind === 'unit');
    const stages = blocks.filter((b) => b.kind === 'stage');
    const work = blocks.reduce((sum, b) => sum + b.seconds, 0);
    if (work < enough) {
      const what = { units: namesOf(units), stages: stages.length > 0 };
      const key = JSON.stringify(what);
      const group = short.get(key) ?? { ...what, images: [], work: 0 };
      group.images.push(image);
      group.work += work;
      if (group.work < enough) short.set(key, group);
      else {
        short.delete(key);
        pieces.push(pieceOf(group));
      }
      continue;
    }
    let own: MissingBlock[] = [];
    let seconds = 0;
    const flush = () => {
      if (own.length > 0) pieces.push(pieceOf({ units: namesOf(own), stages: false, images: [image], work: seconds }));
      own = [];
      seconds = 0;
    };
    for (const unit of units) {
      if (seconds + unit.seconds > enough) flush();
      own.push(unit);
      seconds += unit.seconds;
    }
    flush();
    if (stages.length > 0)
      pieces.push(
        pieceOf({
          units: 'none',
          stages: true,
          images: [image],
          work: stages.reduce((sum, b) => sum + b.seconds, 0),
        }),
      );
  }
  return [...pieces, ...[...short.values()].map(pieceOf)];
}

const namesOf = (blocks: readonly MissingBlock[]) =>
  blocks.length === 0 ? 'none' : blocks.map((b) => b.name).join(',');

const pieceOf = ({ work, ...piece }: SpectrumPiece & { readonly work: number }): WorkPiece => ({ piece, work });
