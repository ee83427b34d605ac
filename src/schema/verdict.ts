/** What measurements say of a claim. */
import { z } from 'zod';

/** An estimated effect with its interval, as it is printed: see `verdict/`. */
export const effectSize = z.object({
  scale: z.enum(['difference', 'ratio']).describe('what it is compared with: 0 or 1'),
  estimate: z.number().describe('a ratio as such'),
  low: z.number().nullable().describe('lower end of its interval; null where it is unbounded'),
  high: z.number().nullable().describe('upper end, likewise'),
  level: z.number().describe('of the interval'),
  count: z.number().describe('observations behind it'),
});

const outcome = z.enum(['agrees', 'disagrees', 'cannot tell', 'not testable here']);

/** What measurements say of a claim: see `verdict/`. */
export const verdict = z.object({
  outcome: outcome.describe('what they say of the claim'),
  claim: z.string().describe('with a direction or a margin'),
  effect: effectSize.nullable().describe('null where nothing was measured'),
  support: z.number().nullable().describe('p of the hypothesis that the claim is wrong, after correction'),
  against: z.number().nullable().describe('p of the hypothesis that the claim is right, after correction'),
  power: z
    .object({
      chance: z.number().describe('that is asked for'),
      detectable: z.number().nullable().describe('smallest true effect that is shown with that chance'),
      atClaim: z.number().nullable().describe('chance to decide as claimed where the claim is right'),
    })
    .nullable()
    .describe('what the test could have shown'),
  reason: z.string().describe('why this outcome'),
  uncorrected: z
    .object({
      outcome: outcome.describe('as above'),
      support: z.number().nullable().describe('as above'),
      against: z.number().nullable().describe('as above'),
      reason: z.string().describe('as above'),
    })
    .nullable()
    .default(null)
    .describe('the same before it was taken as one of several comparisons; null where it was not'),
});
