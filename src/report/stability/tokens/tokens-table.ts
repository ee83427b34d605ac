import type { TokensResult } from '../../../schema/index.ts';
import { formatDuration, formatNumber } from '../../numbers.ts';
import { painter } from '../../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { tokensAnswer } from './tokens-answer.ts';

const orDash = (x: number | undefined): string => (x === undefined ? '-' : formatNumber(x));

/** The result as lines of at most 100 columns: a map of the stream a line, then coupling and growth. */
export function tokensTable(result: TokensResult, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const [head, ...rows] = alignColumns(
    [
      ['map', 'part', 'at', 'T', 'd', 'σ₁ of all', 'token', 'σ₁ of it', '|λ| max', 'not normal', 'residual'],
      ...result.maps.flatMap((m) =>
        m.pairs
          .filter((p) => p.from === p.to)
          .map((p, i) => {
            const own = m.normality.find((n) => n.token === p.from);
            return [
              ...(i === 0 ? [m.name, m.part, String(m.at)] : ['', '', '']),
              ...(i === 0 ? [String(m.tokens), String(m.width), orDash(m.singularValues[0])] : ['', '', '']),
              String(p.from),
              orDash(p.singularValues[0]),
              orDash(own?.radius),
              orDash(own?.departure),
              i === 0 ? formatNumber(m.residual, 2) : '',
            ];
          }),
      ),
    ],
    { width, drop: [10, 4, 3] },
  );
  const coupled = result.coupling.map(
    (c) =>
      `coupling at ${c.at}, token ${c.token}: m_${result.top} ${orDash(c.mean ?? undefined)} between ${c.blocks.length} blocks, ` +
      `${orDash(c.control ?? undefined)} against random vectors`,
  );
  const growths = [
    ...result.growth.map((g) => ({ ...g, network: '' })),
    ...(result.untrained?.growth ?? []).map((g) => ({ ...g, network: ', untrained network' })),
  ];
  const grown = growths.flatMap((g) =>
    g.kinds.map(
      ({ kind, loss, places }) =>
        `${kind} perturbation at ${g.at}${g.network}: loss ${formatNumber(g.loss)} to ${formatNumber(loss)}, grows ${formatNumber(places.at(-1)!.growth)} times to ${places.at(-1)!.name}`,
    ),
  );
  return fitted(
    [
      ...opening(tokensAnswer(result), width),
      '',
      paint(head!, 'dim'),
      ...rows,
      '',
      ...coupled,
      ...grown,
      ...result.unmeasured.map(({ name, because }) => paint(`not measured: ${name}: ${because}`, 'yellow')),
      'σ₁ of all: of the map of all tokens; of it: of output token by the same input token',
      'not normal: Henrici’s departure, 0 for a normal map',
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
