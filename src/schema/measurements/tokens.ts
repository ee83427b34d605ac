/** Jacobians of transformer blocks, token by token: the request, and what is measured. */
import { z } from 'zod';
import { measuredIn, subject } from '../common.ts';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';
import { dataKeys, leading, networkKeys, positions, runtimeKeys, tokenizerKey } from '../request.ts';

export const tokensRequest = z.object({
  ...networkKeys,
  ...dataKeys,
  ...tokenizerKey,
  at: positions
    .default('0')
    .describe('positions to linearize at: images of the test set, or windows of its text')
    .register(flags, { value: 'list' }),
  length: z
    .int()
    .min(2)
    .default(32)
    .describe('tokens of a window, for language models')
    .register(flags, { value: 'n' }),
  ids: z
    .string()
    .optional()
    .describe('numbers of tokens (464,2068,7586) in place of a text, as the tokenizer of the model gives them')
    .register(flags, { value: 'list' }),
  tokens: positions
    .default('last')
    .describe('tokens whose Jacobians are taken, each by each: positions in the sequence (0,15,31), or last')
    .register(flags, { value: 'list' }),
  top: leading('K: leading singular values, and vectors that are compared across depth'),
  radius: z
    .number()
    .positive()
    .default(0.01)
    .describe('length of perturbations of the embeddings, relative to that of the embeddings')
    .register(flags, { value: 'r' }),
  steps: z.int().min(1).default(10).describe('gradient steps of the adversarial one').register(flags, { value: 'n' }),
  untrained: z
    .boolean()
    .default(true)
    .describe('a control on an untrained network, perturbed against its own answers (built-in models)'),
  ...runtimeKeys,
});

export const tokenPair = z.object({
  from: z.int().describe('t1: the input token'),
  to: z.int().describe('t2: the output token'),
  singularValues: z
    .array(z.number())
    .describe('the leading ones of the d x d Jacobian of output token t2 by input token t1'),
  frobenius: z
    .number()
    .nullable()
    .describe('its Frobenius norm; null where only products were taken (the width changes or is above 1024)'),
});

export const tokenNormality = z.object({
  token: z.int().describe('t: of the Jacobian of output token t by input token t'),
  eigenvalues: z.array(z.tuple([z.number(), z.number()])).describe('all, by modulus, as real and imaginary part'),
  radius: z.number().describe('max |λ|'),
  norm: z.number().describe('largest singular value: equal to the radius for a normal map'),
  departure: z.number().describe('sqrt(‖J‖² - Σ|λ|²) / ‖J‖ in Frobenius norms (Henrici): 0 for a normal map'),
});

export const streamMap = z.object({
  name: z.string().describe('of the block or unit'),
  part: z
    .enum(['block', 'attention', 'feed-forward', 'convolution', 'stream'])
    .describe('a whole block, one of its units, or the way from the first state to the last'),
  at: z.int().describe('position in the data set'),
  units: z.array(z.string()).describe('the residual units that it consists of'),
  tokens: z.int().describe('T: tokens of the state'),
  width: z.int().describe('d: numbers of a token'),
  additive: z.boolean().describe('whether it is x + F(x) with x not normalized on the way (pre-norm)'),
  singularValues: z.array(z.number()).describe('leading ones of the whole map of all tokens that converged'),
  residual: z.number().describe('largest true residual of these, relative to the largest'),
  pairs: z.array(tokenPair).describe('of the chosen tokens, each by each'),
  reach: z
    .array(
      z.object({ from: z.int().describe('the input token'), norms: z.array(z.number()).describe('by output token') }),
    )
    .describe('Frobenius norms of the Jacobians of all output tokens by a chosen input token'),
  normality: z
    .array(tokenNormality)
    .describe(
      'of the chosen tokens; without those where the width changes or is above 1024, or the eigenvalues did not converge',
    ),
  seconds: z.number().describe('how long it took'),
});

export const tokenCoupling = z.object({
  at: z.int().describe('position in the data set'),
  token: z.int().describe('t: of Jacobians of output token t by input token t, the identity of the shortcut left out'),
  blocks: z.array(z.string()).describe('in order: those that feed each other directly'),
  values: z
    .array(z.array(z.number()))
    .describe('m_K of block i (row) against the vectors of block j (column); 0 on the diagonal'),
  unsigned: z
    .array(z.array(z.number()))
    .optional()
    .describe(
      'the same with |U2ᵀ J1 V2| for U2ᵀ J1 V2, as the program of the authors has it; absent in earlier results',
    ),
  mean: z.number().nullable().describe('over i and j that differ; null with one block'),
  control: z.number().nullable().describe('the same mean with random orthonormal vectors in place of those of block j'),
});

export const embeddingGrowth = z.object({
  at: z.int().describe('position in the data set'),
  radius: z.number().describe('length of the perturbations, in units of the embeddings'),
  loss: z.number().describe('mean cross-entropy without a perturbation, nats'),
  kinds: z
    .array(
      z.object({
        kind: z
          .enum(['adversarial', 'random', 'shuffled', 'directed'])
          .describe(
            'raises the loss; is Gaussian; has the values of the adversarial one at other places; is Gaussian but for its component along the gradient of the loss, which is that of the adversarial one (absent in earlier results)',
          ),
        loss: z.number().describe('with it'),
        places: z
          .array(
            z.object({
              name: z.string().describe('the embeddings, or the block behind which'),
              relative: z.number().describe('‖d‖ / ‖x‖'),
              growth: z.number().describe('‖d‖ / ‖d₀‖'),
            }),
          )
          .describe('from the embeddings to the logits'),
      }),
    )
    .describe('of equal length'),
});

export const tokensResult = z.object({
  ...subject,
  dataset: z.string().describe('name of the data set'),
  top: z.int().describe('K'),
  maps: z.array(streamMap).describe('block by block with its units, then the whole stream, at each position'),
  coupling: z.array(tokenCoupling).describe('across depth; empty where the blocks are not x + F(x)'),
  growth: z.array(embeddingGrowth).describe('of perturbations of the embeddings'),
  untrained: z
    .object({
      weights: z.string().describe('of the untrained network'),
      growth: z.array(embeddingGrowth).describe('in it, of perturbations against its own answers'),
    })
    .optional()
    .describe('the control; absent where the architecture is a file, or was not asked for'),
  unmeasured: z
    .array(z.object({ name: z.string().describe('of the map'), because: z.string().describe('the reason') }))
    .describe('maps that could not be measured'),
  ...measuredIn,
});
export type StreamMapResult = Of<typeof streamMap>;
export type TokenCoupling = Of<typeof tokenCoupling>;
export type EmbeddingGrowth = Of<typeof embeddingGrowth>;
/** Jacobians of a transformer's blocks, token by token. */
export type TokensResult = Of<typeof tokensResult>;
