/** The findings of arXiv 1905.13386 as rules: each says how it may agree, disagree, or not be told. */
export { adversarialJump, jump } from './adversarial-jump.ts';
export { allOf, type Finding, slightDifference } from './finding.ts';
export {
  fewestImages,
  type LittleBetweenImages,
  littleBetweenImages,
} from './little-between-images.ts';
export { type MostAreOne, mostAreOne, nearness, type PlateauShares, plateauShares } from './most-are-one.ts';
export { type ScaleChange, type ScalesChangeMuch, scalesChangeMuch } from './scales-change-much.ts';
