/** What is measured of interventions, as its schema says: see `schema/intervention.ts`. */
import type { InterventionResult } from '../../schema/index.ts';

export type {
  InterventionResult,
  ScaledAccuracy,
  ScaledGrowth,
  ScaledNetwork,
  ScaledSpectrum,
} from '../../schema/index.ts';
/** Where the changed units are linearized: at the activations of the unchanged network, or of the changed one. */
export type OperatingPoint = InterventionResult['operatingPoint'];
