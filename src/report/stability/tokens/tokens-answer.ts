import { largestOf, leastOf } from '../../../base/statistics.ts';
import type { EmbeddingGrowth, TokensResult } from '../../../schema/index.ts';
import { formatNumber, formatRange } from '../../numbers.ts';

const span = (values: readonly number[]) => formatRange(leastOf(values), largestOf(values), (x) => formatNumber(x));

/** ‖d‖ / ‖d₀‖ behind the last block. */
const grown = (g: EmbeddingGrowth, kind: 'adversarial' | 'random') =>
  g.kinds.find((k) => k.kind === kind)!.places.at(-1)!.growth;
/** The same of the directed control, which earlier results do not have. */
const directedGrowth = (g: EmbeddingGrowth) =>
  g.kinds.filter((k) => k.kind === 'directed').map((k) => k.places.at(-1)!.growth);

/** What the blocks do to a token, how far their singular vectors agree, and what becomes of a perturbation. */
export function tokensAnswer({ maps, coupling, growth, untrained, top }: TokensResult): string[] {
  const blocks = maps.filter((m) => m.part === 'block');
  const own = blocks.flatMap((m) => m.pairs.filter((p) => p.from === p.to).flatMap((p) => p.singularValues[0] ?? []));
  const departures = blocks.flatMap((m) => m.normality.map((n) => n.departure));
  const coupled = coupling.flatMap((c) => c.mean ?? []);
  const controls = coupling.flatMap((c) => c.control ?? []);
  const ends = growth.map((g) => ({ adversarial: grown(g, 'adversarial'), random: grown(g, 'random') }));
  const directed = growth.flatMap(directedGrowth);
  const fresh = untrained?.growth.map((g) => grown(g, 'adversarial') / grown(g, 'random')) ?? [];
  return [
    own.length
      ? `A block stretches a token along some direction by ${span(own)} (largest singular value of its own Jacobian)${
          departures.length ? `, and is ${span(departures.map((d) => 100 * d))} % away from a normal map` : ''
        }.`
      : 'No singular value of a token converged: nothing can be said of these blocks.',
    ...(coupled.length
      ? [
          `The ${top} leading singular vectors of one block leave ${span(coupled)} of another one’s action unexplained (m_K: 0 where they are the same); random vectors leave ${span(controls)}.`,
        ]
      : []),
    ...(ends.length
      ? [
          `Behind the last block an adversarial perturbation of the embeddings is ${span(ends.map((e) => e.adversarial))} times as long as before, a random one ${span(ends.map((e) => e.random))} times${
            directed.length ? `, one that is random but for the gradient of the loss ${span(directed)} times` : ''
          }${
            fresh.length
              ? ` (adversarial over random ${span(ends.map((e) => e.adversarial / e.random))}; in the untrained network ${span(fresh)})`
              : ''
          }.`,
        ]
      : []),
  ];
}
