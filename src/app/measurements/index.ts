/** The measurements that Ballast has; importing this makes them known. A new one is one file beside these and its line here. */
import { allMeasurements, type Measurement } from '../../instrument/index.ts';
import { alignment } from './alignment.ts';
import { branches } from './branches.ts';
import { compare } from './compare.ts';
import { convolutions } from './convolutions.ts';
import { curvature } from './curvature.ts';
import { eigenvalues } from './eigenvalues.ts';
import { evaluation } from './eval.ts';
import { intervene } from './intervene.ts';
import { perturb } from './perturb.ts';
import { reproduceStability } from './reproduce-stability.ts';
import { spectrum } from './spectrum.ts';
import { studyStability } from './study-stability.ts';
import { tokens } from './tokens.ts';

export const builtIn = {
  alignment,
  branches,
  compare,
  convolutions,
  curvature,
  eigenvalues,
  eval: evaluation,
  intervene,
  perturb,
  'reproduce-stability': reproduceStability,
  spectrum,
  'study-stability': studyStability,
  tokens,
} as const;

/** Measurements of users' own, which they have registered beside these. */
export function ownMeasurements(): readonly Measurement[] {
  const known = new Set<unknown>(Object.values(builtIn));
  return allMeasurements().filter((measurement) => !known.has(measurement));
}

export { allMeasurements, type Measurement };
