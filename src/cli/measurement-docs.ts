/** The reference of all measurements, from their own descriptions. */
import { z } from 'zod';
import { builtIn, type Measurement } from '../app/measurements/index.ts';
import { requestTable } from './flags/request-options.ts';
import { commandLineOf } from './measurement-command.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** The keys of a result, where it is an object or one of several. */
function resultKeys(schema: z.ZodType): readonly (readonly [string, string])[] {
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).map(([key, own]) => [`\`${key}\``, (own as z.ZodType).description ?? '']);
  if (schema instanceof z.ZodDiscriminatedUnion)
    return [...new Map(schema.options.flatMap((option) => resultKeys(option as z.ZodType)))];
  return [];
}

function section(measurement: Measurement): string {
  const { kind, examples } = measurement;
  const shown = examples.map(({ what, request }) => `# ${what}\n${commandLineOf(measurement, request)}`).join('\n');
  return `## ${kind.kind}

${kind.summary}.

\`\`\`sh
${shown}
\`\`\`

${tableOf(['key', 'option', 'default', 'what it says'], requestTable(kind.request))}

Its result (version ${kind.version}):

${tableOf(['key', 'what it holds'], resultKeys(kind.result))}
`;
}

export function measurementDocs(): string {
  const sections = Object.values(builtIn).map((m) => section(m as unknown as Measurement));
  return `# Measurements

<!-- Written by \`npm run measurement-docs\` from what the measurements say of themselves. -->

Each is a command (\`ballast spectrum --model resnet20\`) and a function of the library with the same keys and defaults:

\`\`\`ts
import { measure } from 'ballast';

const { images } = await measure('spectrum', { model: 'resnet20', dataset: 'shapes', units: 'layer3.1' });
\`\`\`

With \`--json\`, and in \`result.json\` below \`--out\`, a result is a document \`{ kind, version, ballast, created, environment, request, result }\`; \`ballast schema KIND\` prints
its JSON Schema, \`ballast report FILE\` shows it again.

${sections.join('\n')}`;
}
