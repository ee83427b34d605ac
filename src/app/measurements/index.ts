/** The measurements that Ballast has; importing this makes them known. A new one is one file beside these and its line here. */
export { alignment } from './alignment.ts';
export { convolutions } from './convolutions.ts';
export { curvature } from './curvature.ts';
export { eigenvalues } from './eigenvalues.ts';
export { evaluation } from './eval.ts';
export { intervene } from './intervene.ts';
export { perturb } from './perturb.ts';
export { reproduceStability } from './reproduce-stability.ts';
export { spectrum } from './spectrum.ts';
export { studyStability } from './study-stability.ts';
