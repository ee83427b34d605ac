import type { Scales } from './intervention.ts';
import type { BlockSpectrum, Environment } from './result.ts';

/**
 * What `ballast intervene` measures, in the form in which it is printed with `--json`, stored and drawn. Plain JSON, like
 * `SpectrumResult`.
 */

/** Where the changed units are linearized: at the activations of the unchanged network, or of the changed one. */
export type OperatingPoint = 'frozen' | 'recomputed';

/** The spectrum of one unit with its scales at one image. */
export interface ScaledSpectrum extends BlockSpectrum {
  /** Position of the image in the official test file. */
  readonly image: number;
  readonly max: number | null;
  /** Null when the spectrum is not complete. */
  readonly min: number | null;
  /** ||s - s'|| / ||(s + s') / 2||, s' the unchanged unit's sorted values at this image; null where one is not complete. */
  readonly change: number | null;
}

/** What the changed network as a whole does, whatever the operating point of the spectra. */
export interface ScaledAccuracy {
  /** Fraction of the evaluation images, 0 .. 1. */
  readonly accuracy: number;
  /** Mean cross-entropy in nats; null where logits overflow. */
  readonly loss: number | null;
  /** Number of evaluation images. */
  readonly evaluated: number;
}

/** How perturbations of images grow on their way through the changed network: medians over images of ‖d‖ / ‖x‖. */
export interface ScaledGrowth {
  readonly images: number;
  /** Images that the changed network answers correctly, and whose perturbation is therefore not zero. */
  readonly followed: number;
  /** Linf radius of PGD in pixel units, and its steps. */
  readonly eps: number;
  readonly steps: number;
  readonly accuracyUnderAttack: number;
  /** From the image over all units to the logits; empty where nothing was followed. */
  readonly layers: readonly {
    readonly name: string;
    readonly adversarial: number | null;
    readonly random: number | null;
  }[];
}

export interface ScaledNetwork extends Scales, ScaledAccuracy {
  /** Predicted classes of the images, in their order. */
  readonly predicted: readonly number[];
  /** Image by image, units in the network's order. */
  readonly units: readonly ScaledSpectrum[];
  /** Null where it was not asked for. */
  readonly growth: ScaledGrowth | null;
}

export interface InterventionResult {
  readonly model: string;
  readonly weights: string;
  /** What is done to pixels from 0 to 1 in front of the network, in words. */
  readonly normalization?: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly finalRelu: boolean;
  readonly operatingPoint: OperatingPoint;
  /** The units with other scales, in the network's order. */
  readonly changed: readonly string[];
  /** The units whose spectra were measured. */
  readonly measured: readonly string[];
  readonly images: readonly { readonly index: number; readonly label: number }[];
  readonly unchanged: ScaledNetwork;
  /** One for each pair of scales, skip scales first. */
  readonly scales: readonly ScaledNetwork[];
  readonly environment: Environment;
  readonly seconds: number;
}
