/** Finished parts of measurements, studies and plans, as their folders keep them: an interrupted one goes on from these. */
import { z } from 'zod';
import { stageAlignment } from './measurements/alignment.ts';
import { convolutionSpectrum } from './measurements/convolutions.ts';
import { branchEigenvalues } from './measurements/eigenvalues.ts';
import { scaledAccuracy, scaledGrowth } from './measurements/intervention.ts';
import { growthByStage, projectedBlock } from './measurements/perturbation.ts';
import { blockSpectrum } from './measurements/spectrum.ts';
import { trainedModel } from './measurements/study-stability.ts';
import type { Of } from './readonly.ts';
import { stepTimePoint } from './studies/cost.ts';
import { measurement } from './studies/measured.ts';

/** Energies of one perturbation on one side of a block's map. */
const sideEnergies = z.object({
  above: z.number().describe('on singular values above the plateau'),
  plateau: z.number().describe('on those equal to it'),
  below: z.number().describe('on those below it'),
  uncertainty: z.number().describe('by how much each of the three may be off'),
  gain: z.number().describe('that the linearization predicts'),
  top: z.number().nullable().describe('on the leading ones; null where none were asked for'),
});

const bothSides = z.object({
  incoming: sideEnergies.describe('of what enters'),
  outgoing: sideEnergies.describe('of what comes out'),
});
const perturbedKind = bothSides.extend({ gain: z.number().describe('the true one') });

/** What is kept of one block at one image. */
const imageEnergies = z.object({
  method: projectedBlock.shape.method,
  isotropic: z.number().describe('mean σ²'),
  top: projectedBlock.shape.top,
  kinds: z
    .object({ adversarial: perturbedKind, random: perturbedKind, shuffled: perturbedKind, directed: perturbedKind })
    .describe('of each kind of perturbation'),
  gradient: bothSides.nullable().describe('of the gradient of the margin; null where it is zero'),
});

/** What an attack has made of some images. */
const attackedImages = z.object({
  clean: z.array(z.boolean()).describe('whether each unperturbed image is answered as the data set says'),
  items: z
    .array(
      z.object({
        id: z.int().describe('position in the data set'),
        label: z.int(),
        target: z.int().nullable(),
        radius: z.number().nullable().describe('null where there was none'),
        predicted: z.int().describe('the answer without a perturbation'),
        attacked: z.boolean(),
        perturbed: z.int().describe('the answer to the perturbed image'),
        claimed: z.boolean(),
        success: z.boolean(),
        l2: z.number(),
        linf: z.number(),
      }),
    )
    .describe('all images at the first radius, then all at the second, ...'),
  perturbed: z.string().describe('values at the first radius, image by image: float32, little-endian, in Base64'),
  doubts: z
    .object({
      unsteady: z.boolean(),
      open: z.int(),
      zeroGradients: z.int(),
      successesByStep: z.array(z.int()),
      unconfirmed: z.int(),
    })
    .describe('what speaks against the attack'),
});

/** A network of a comparison under attack. */
const underAttack = z.object({
  right: z.array(z.array(z.boolean())).describe('by radius and image'),
  growth: growthByStage.describe('of the attack at the first radius'),
});

/** A branch of a training. */
const trainedBranch = z.object({
  loss: z.number().nullable().describe('on the same held-out examples for all; null where it diverged'),
  trainLoss: z
    .number()
    .nullable()
    .describe(
      'exponential mean (0.5) of the losses of its steps, for the rule of Merrill et al.; null where it diverged or nothing was logged',
    ),
  seconds: z.number().describe('that it took'),
});

/** A run of a program that a plan has watched. */
const observedRun = z.object({
  rows: z.array(measurement).describe('its curve'),
  probed: z
    .array(
      z.object({
        step: z.int().describe('from the start of the program, from 1 on'),
        secondsPerStep: z.number().nullable().describe('as the probe has it'),
        noise: z
          .object({
            signal: z.number().describe('|G|² of one of the parts, unbiased'),
            trace: z.number().describe('tr Σ of one of the parts, unbiased'),
            parts: z.number().describe('equal parts of a batch'),
          })
          .nullable()
          .describe('null where the step had one part only'),
      }),
    )
    .describe('what the probe wrote'),
  microBatch: z.int().describe('examples a call; less than asked for where memory was short'),
  diverged: z.boolean().describe('whether it did'),
  secondsPerStep: z.number().optional().describe('absent where none could be told'),
});

/** Wall-clock time of a plan, over all the processes that worked on it. */
const spentTime = z.object({
  run: z.number().min(0).describe('seconds in the short run'),
  timing: z.number().min(0).describe('seconds in timed steps'),
});

/** A form whose values nobody changes. */
const kept = <S extends z.ZodType>(form: S) => form as unknown as z.ZodType<Of<S>>;

/** By what they are of. */
export const partForms = {
  alignment: kept(stageAlignment),
  attacked: kept(attackedImages),
  branch: kept(trainedBranch),
  comparison: kept(underAttack),
  convolution: kept(convolutionSpectrum),
  eigenvalues: kept(branchEigenvalues),
  energies: kept(imageEnergies),
  observedRun: kept(observedRun),
  scaledAccuracy: kept(scaledAccuracy),
  scaledGrowth: kept(scaledGrowth),
  spectrum: kept(blockSpectrum),
  spentTime: kept(spentTime),
  stepTime: kept(stepTimePoint),
  trainedModel: kept(trainedModel.pick({ accuracy: true, attacks: true, distance: true, growth: true, norms: true })),
} as const;

/** A part of this name, as it is in memory. */
export type Part<Name extends keyof typeof partForms> = z.output<(typeof partForms)[Name]>;
