/** Random and adversarial perturbations: the request, and what is measured. */
import { z } from 'zod';
import { distribution, interval, measuredIn, pictured } from '../common.ts';
import { flags } from '../flags.ts';
import { attacks } from '../names/attacks.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, networkKeys, positions, runtimeKeys } from '../request.ts';

export const norm = z.enum(['linf', 'l2']);
export const noise = z.enum(['gaussian', 'uniform', 'sign']);
const attackGroup = 'Attack';
const projectionGroup = 'Projection onto singular vectors';

export const perturbationRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  images: positions
    .optional()
    .describe('positions in the test set, e.g. 0,7,4321 or 0-199 (default: the first 100)')
    .register(flags, { value: 'list' }),
  attack: attacks.schema
    .default('pgd')
    .describe('fgsm, pgd and apgd keep to a radius; deepfool and cw (Carlini-Wagner, l2) look for the smallest')
    .register(flags, { value: 'name', group: attackGroup }),
  norm: norm.default('linf').describe('of radii and steps').register(flags, { value: 'norm', group: attackGroup }),
  eps: z
    .array(z.number().positive('expected radii above 0'))
    .optional()
    .describe(
      'radii in pixel units, e.g. 2/255 or 1/255,4/255; the first is followed through the network (default: 2/255 in linf, 0.5 in l2)',
    )
    .register(flags, { value: 'list', unit: 'pixels', group: attackGroup }),
  steps: z.int().min(1).default(10).describe('steps of the attack').register(flags, { value: 'n', group: attackGroup }),
  stepSize: z
    .number()
    .positive('expected a length above 0')
    .optional()
    .describe('length of a step (default: a quarter of each radius; for cw the rate of Adam, 0.01)')
    .register(flags, { value: 'length', unit: 'pixels', group: attackGroup }),
  restarts: z
    .int()
    .min(1)
    .default(1)
    .describe('tries, all but the first from random points')
    .register(flags, { value: 'n', group: attackGroup }),
  randomStart: z
    .boolean()
    .default(false)
    .describe('the first try begins at a random point of the ball, too')
    .register(flags, { group: attackGroup }),
  target: z
    .string()
    .optional()
    .describe('aim at next, random, least-likely or a class number (default: any wrong class)')
    .register(flags, { value: 'class', group: attackGroup }),
  noise: noise.default('gaussian').describe('of the random control').register(flags, { value: 'kind' }),
  layer: z
    .string()
    .optional()
    .describe('perturbations enter at the input of this unit instead of at the image')
    .register(flags, { value: 'unit' }),
  project: z
    .boolean()
    .default(false)
    .describe('energies on the singular vectors of all units and stages')
    .register(flags, { group: projectionGroup }),
  projectionSteps: z
    .int()
    .min(2)
    .default(40)
    .describe('Golub-Kahan steps of a projection')
    .register(flags, { value: 'n', group: projectionGroup }),
  top: z
    .int()
    .min(0)
    .default(10)
    .describe('also energies on the k leading singular vectors (0: leave them out)')
    .register(flags, { value: 'k', group: projectionGroup }),
  finalRelu: z
    .boolean()
    .default(false)
    .describe('projections are onto maps with the ReLU after the last addition')
    .register(flags, { group: projectionGroup }),
  untrained: z.boolean().default(true).describe('a control on an untrained network'),
  ...runtimeKeys,
});

/** What a kind of perturbation does at one place, over images: medians, and how all of it is spread. */
export const layerPerturbation = z.object({
  relativeNorm: z.number().describe('‖d‖ / ‖x‖'),
  growth: z.number().describe('‖d‖ / ‖d₀‖'),
  gain: z.number().nullable().describe('‖d‖ / ‖d of the place before‖; null where the perturbation enters'),
  predictedGain: z.number().nullable().describe('‖J d‖ / ‖d‖ of the step to here'),
  linearizationError: z.number().nullable().describe('‖d - J d_before‖ / ‖d‖'),
  linearRelativeNorm: z
    .number()
    .describe('‖J₀ d₀‖ / ‖x‖, J₀ from the entry to here: what relativeNorm were if the network was linear'),
  energyAbove: z.number().optional().describe('of the incoming perturbation above the plateau, where it was projected'),
  energyPlateau: z.number().optional().describe('at the plateau, likewise'),
  energyBelow: z.number().optional().describe('below it, likewise'),
  energyTop: z.number().nullable().optional().describe('on the leading singular vectors, likewise'),
  distributions: z.record(z.string(), distribution.nullable()).describe('of all of these over images'),
});
export type LayerPerturbation = Of<typeof layerPerturbation>;

export const growthRatio = z.object({
  name: z.string().describe('unit at the end of a stage'),
  stage: z.string().describe('that stage'),
  toRandom: interval
    .nullable()
    .describe('median over images of adversarial to random ‖d‖ / ‖x‖, with a 95 % bootstrap interval'),
  toShuffled: interval.nullable().describe('the same against shuffled perturbations'),
  toDirected: interval
    .nullable()
    .describe(
      'the same against noise with the component along the gradient of the margin; null in results of version 1',
    ),
  untrainedToRandom: interval.nullable().describe('the same against random noise in the untrained network'),
});

export const attackSummary = z.object({
  eps: z.number().nullable().describe('the radius; null for attacks that have none'),
  accuracy: z.number().describe('share of all images still answered correctly'),
  attacked: z
    .int()
    .describe(
      'images answered correctly without a perturbation, and not yet as the target wants: those that were attacked',
    ),
  successes: z.int().describe('successes that the attack claims'),
  verified: z.int().describe('those that predicting again, radius and box confirm'),
  medianL2: z.number().nullable().describe('over verified successes; null without any'),
  medianLinf: z.number().nullable().describe('likewise'),
  warnings: z.array(z.string()).describe('what is odd about the attack'),
});

const ofEachKind = <S extends z.ZodType>(schema: S) => ({
  adversarial: schema.describe('of the attack'),
  random: schema.describe('of noise of the same length'),
  shuffled: schema.describe('of the attack with its pixels in another order'),
  directed: schema.describe(
    'of noise of the same length and the same component along the gradient of the margin; null in results of version 1',
  ),
});

export const perturbedLayer = z.object({
  name: z.string().describe('the image, a unit or the logits'),
  size: z.int().describe('values there'),
  ...ofEachKind(layerPerturbation.nullable()),
});

const energyShares = {
  energyAbove: z.number().describe('share of the squared length on singular vectors above the plateau'),
  energyPlateau: z.number().describe('at it'),
  energyBelow: z.number().describe('below it'),
  energyTop: z.number().nullable().describe('on the k leading ones; null where none were asked for'),
  uncertainty: z.number().describe('by how much each of the first three may be off'),
};

export const projectedKind = z.object({
  ...energyShares,
  predictedGain: z.number().describe('sqrt(Σ σ² c²) = ‖J d‖ / ‖d‖'),
  measuredGain: z.number().describe('the true gain, to where the map ends'),
  outgoing: z.object(energyShares).describe('on left singular vectors, of the perturbation that comes out'),
});

/** The same of the gradient of the margin with respect to what enters a block. */
export const projectedGradient = z.object({
  ...energyShares,
  predictedGain: z.number().describe('sqrt(Σ σ² c²): how much longer the map makes it'),
  outgoing: z.object(energyShares).describe('on left singular vectors, of the gradient with respect to what comes out'),
});

/** Energies of perturbations on the singular vectors of one block. */
export const projectedBlock = z.object({
  name: z.string().describe('name of the block'),
  kind: z.enum(['unit', 'stage']).describe('what it is'),
  plateau: z.number().describe('value of the plateau'),
  method: z
    .enum(['projection', 'bound'])
    .describe(
      'how the energy on the plateau is known: by projection onto it, or as the largest that the moments allow',
    ),
  isotropicGain: z
    .number()
    .describe('sqrt(mean σ²) over images, from random vectors: the gain of a perturbation without direction'),
  top: z
    .object({
      values: z.array(z.number()).describe('mean over images'),
      residual: z.number().describe('the largest of a triplet, relative to the first value'),
    })
    .nullable()
    .describe('the k leading singular values; null where not asked for'),
  ...ofEachKind(projectedKind.nullable()),
  gradient: projectedGradient
    .nullable()
    .describe(
      'of the gradient of the margin (logit of the answer less the largest other one) at the clean image; null where it is zero, and in results of version 1',
    ),
});

/** What was asked for, as a result repeats it. */
const settings = z.object({
  attack: z.string().describe('name of the attack'),
  norm: norm.describe('of radii and steps'),
  eps: z.array(z.number()).describe('radii'),
  steps: z.int().describe('of the attack'),
  stepSize: z.number().nullable().describe('null for the usual one'),
  restarts: z.int().describe('tries'),
  randomStart: z.boolean().describe('whether the first try begins at a random point, too'),
  target: z.string().nullable().describe('class aimed at; null for any wrong one'),
  noise: noise.describe('of the random control'),
  layer: z.string().nullable().describe('where perturbations enter; null for the image'),
  project: z
    .object({
      steps: z.int().describe('Golub-Kahan steps'),
      top: z.int().describe('leading vectors'),
      finalRelu: z.boolean().describe('whether the last ReLU is part of the maps'),
      images: z.int().optional().describe('at most so many images'),
    })
    .nullable()
    .describe('null where nothing was projected'),
  seed: z.int().describe('of everything random'),
});

/** Geometric mean of a ratio over images with its 95 % interval (Student's t of the logarithms), conditional on the network. */
export const meanRatio = z.object({
  ratio: z.number().describe('geometric mean over images'),
  low: z.number().describe('lower end of its 95 % interval'),
  high: z.number().describe('upper end'),
  logError: z.number().describe('standard error of the mean logarithm'),
  images: z.int().describe('how many it is over'),
});

/**
 * How much more an adversarial perturbation grows over one stage than its control does: (‖d‖ / ‖d_control‖ at the stage's end) / (the same at its
 * beginning). A stage that amplifies whatever enters it has 1.
 */
export const stageExcess = z.object({
  stage: z.string().describe('name of the stage'),
  toRandom: meanRatio.nullable().describe('over random noise'),
  toShuffled: meanRatio.nullable().describe('over shuffled perturbations'),
  toDirected: meanRatio
    .nullable()
    .describe('over noise with the component along the gradient of the margin; null in results of version 1'),
  untrainedToRandom: meanRatio.nullable().describe('over random noise, in the untrained control'),
  finalOverThis: meanRatio
    .nullable()
    .describe('excess of the final stage over that of this one, image by image; null for the final stage itself'),
});

/** What perturbations do over the last third of the final stage's units: ‖d‖ at `to` over ‖d‖ at `from`. */
export const finalGrowth = z.object({
  stage: z.string().describe('the final stage'),
  from: z.string().describe('unit before its last third'),
  to: z.string().describe('its last unit'),
  adversarial: meanRatio.nullable().describe('of the attack'),
  random: meanRatio.nullable().describe('of noise of the same length'),
  shuffled: meanRatio.nullable().describe('of shuffled perturbations'),
  directed: meanRatio
    .nullable()
    .describe('of noise with the component along the gradient of the margin; null in results of version 1'),
  overDirected: meanRatio
    .nullable()
    .describe('growth of the attack over that of this noise, image by image; null in results of version 1'),
  untrainedAdversarial: meanRatio.nullable().describe('of the attack on the untrained control'),
});

export const growthByStage = z.object({
  excess: z.array(stageExcess).describe('stage by stage'),
  final: finalGrowth.nullable().describe('over the end of the final stage; null where it has no last third'),
});

/** Mean of a share over images with its 95 % interval (Student's t, between 0 and 1), conditional on the network. */
export const meanShare = z.object({
  share: z.number().describe('mean over images'),
  low: z.number().describe('lower end of its 95 % interval'),
  high: z.number().describe('upper end'),
  images: z.int().describe('how many it is over'),
});

const leadingShares = z.object({
  ...ofEachKind(meanShare.nullable()),
  gradient: meanShare.nullable().describe('of the gradient of the margin with respect to what enters the unit'),
});

/** What enters the last units of the final stage, on the k leading right singular vectors of each: an image has the mean of its units. */
export const leadingEnergy = z.object({
  stage: z.string().describe('the final stage'),
  units: z.array(z.string()).describe('its last third; its last unit where it has none'),
  count: z.int().describe('k, or all vectors where there are fewer'),
  isotropic: z.number().describe('k / n: the share of a vector without direction'),
  trained: leadingShares.describe('in the network; null with fewer than two images'),
  untrained: leadingShares.nullable().describe('in the untrained control; null where it was left out'),
});

export const perturbationResult = z.object({
  ...pictured,
  images: z.array(z.int()).describe('positions in the data set'),
  settings: settings.describe('what was asked for'),
  clean: z
    .object({
      accuracy: z.number().describe('share answered correctly'),
      misclassified: z.array(z.int()).describe('the others, by position'),
    })
    .describe('without a perturbation'),
  attack: attackSummary
    .extend({ name: z.string().describe('name of the attack'), norm: norm.describe('of its radius') })
    .describe('at the first radius'),
  byRadius: z.array(attackSummary).describe('at each radius'),
  followed: z.int().describe('images whose perturbation is not zero: what the rest is about'),
  fooled: z
    .object(ofEachKind(z.number()))
    .nullable()
    .describe(
      'share of the followed images whose answer each kind changes; null where none is followed, and in results of version 1',
    ),
  projected: z.int().describe('the first so many of them were projected'),
  layers: z.array(perturbedLayer).describe('place by place'),
  growth: z.array(growthRatio).describe('at the end of every stage'),
  byStage: growthByStage
    .optional()
    .describe('growth without what is common to all perturbations; absent in results of earlier versions'),
  untrained: z
    .object({
      weights: z.string().describe('of the untrained network'),
      attack: attackSummary.describe('on its own answers'),
      layers: z.array(perturbedLayer).describe('place by place'),
      projections: z
        .array(projectedBlock)
        .describe('onto the last units of the final stage, where they were asked for'),
    })
    .nullable()
    .describe('the control; null where it was left out'),
  projections: z.array(projectedBlock).describe('block by block, where they were asked for'),
  leading: leadingEnergy
    .nullable()
    .describe(
      'energies on the leading singular vectors at the end of the final stage; null where they were not asked for, and in results of version 1',
    ),
  shown: z
    .array(
      z.object({
        image: z.int().describe('position in the data set'),
        label: z.int().describe('its class'),
        answer: z.int().describe('to the perturbed image'),
        l2: z.number().describe('length of the perturbation'),
        linf: z.number().describe('its largest value'),
      }),
    )
    .describe('images for a report: the first with a success, or the first attacked ones'),
  ...measuredIn,
});
export type GrowthRatio = Of<typeof growthRatio>;
export type AttackSummary = Of<typeof attackSummary>;
export type PerturbedLayer = Of<typeof perturbedLayer>;
/** How perturbations of images grow through a network, and whether they change its answers. */
export type PerturbationResult = Of<typeof perturbationResult>;
export type ProjectedKind = Of<typeof projectedKind>;
export type ProjectedGradient = Of<typeof projectedGradient>;
export type ProjectedBlock = Of<typeof projectedBlock>;
export type MeanRatio = Of<typeof meanRatio>;
export type MeanShare = Of<typeof meanShare>;
export type LeadingEnergy = Of<typeof leadingEnergy>;
export type StageExcess = Of<typeof stageExcess>;
export type FinalGrowth = Of<typeof finalGrowth>;
export type GrowthByStage = Of<typeof growthByStage>;
