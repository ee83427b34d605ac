import { fileURLToPath } from 'node:url';
import { bundledStudyNames } from '../../schema/index.ts';

/** Studies that Ballast brings along, as files to run, read and copy. */
export const bundledStudies = bundledStudyNames;

/** Names of the studies that Ballast brings along. */
export type BundledStudy = (typeof bundledStudies)[number];

/** The path of a study that Ballast brings along; `demo` is a small one for `ballast demo`. */
export const bundledStudy = (name: BundledStudy | 'demo'): string =>
  fileURLToPath(new URL(`../../../studies/${name}.yaml`, import.meta.url));
