/**
 * Writes docs/api/ from the docstrings: a page for each entry of the package, and one over them: `npm run docs:api`. The package has all of them; the repository
 * only the one over them, which a test checks.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { packageEntries } from './entries.ts';
import { type PublicEntry, type PublicSymbol, publicSymbols } from './public-symbols.ts';

const groups = [
  ['Functions', 'function'],
  ['Classes', 'class'],
  ['Values', 'const'],
  ['Types', 'interface', 'type'],
] as const;

const pageOf = (name: string) => (name.includes('/') ? `${name.slice(name.indexOf('/') + 1)}.md` : 'ballast.md');

function described({ name, what, docs, ...symbol }: PublicSymbol): string {
  const signature = symbol.signature();
  // An arrow type reads better with the name in front of it.
  const typed = signature === '' ? '' : `\n\`\`\`ts\n${name}: ${signature}\n\`\`\`\n`;
  return `### ${name}\n${typed}\n${docs}\n\n<sub>${what}</sub>\n`;
}

function entryPage({ name, docs, symbols }: PublicEntry, elsewhere: ReadonlyMap<string, string>): string {
  const own = symbols.filter((s) => !elsewhere.has(s.where) || elsewhere.get(s.where) === name);
  const shared = symbols.filter((s) => !own.includes(s));
  const lists = groups.flatMap(([title, ...kinds]) => {
    const some = own.filter((s) => (kinds as readonly string[]).includes(s.what));
    return some.length === 0 ? [] : [`## ${title}\n\n${some.map(described).join('\n')}`];
  });
  const links = shared.map((s) => `[${s.name}](${pageOf(elsewhere.get(s.where)!)}#${s.name.toLowerCase()})`);
  const also = links.length === 0 ? '' : `Also here: ${links.join(', ')}.\n\n`;
  return `# ${name}\n\n${docs}\n\n${also}${lists.join('\n')}`;
}

/** The page over all entries. */
export function indexPage(entries: readonly PublicEntry[]): string {
  const firstSentence = (docs: string) => docs.split(/(?<=\.)\s|\n\n/)[0]!.replaceAll('\n', ' ');
  const rows = entries.map(({ name, docs }) => `| [${name}](${pageOf(name)}) | ${firstSentence(docs)} |`);
  return `# API

What the package exports, by entry. The pages are made of the docstrings: the package has them, and in a clone \`npm run docs:api\` writes them.

| entry | what is there |
| --- | --- |
${rows.join('\n')}
`;
}

/** All pages by their file names. */
export function referencePages(entries: readonly PublicEntry[]): ReadonlyMap<string, string> {
  // A symbol is described where its topic is; the main entry refers to it.
  const home = new Map<string, string>();
  for (const { name, symbols } of [...entries.slice(1), entries[0]!])
    for (const { where } of symbols) if (!home.has(where)) home.set(where, name);
  const pages = entries.map((e) => [pageOf(e.name), `${entryPage(e, home).trimEnd()}\n`] as const);
  return new Map([['README.md', indexPage(entries)], ...pages]);
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  rmSync('docs/api', { recursive: true, force: true });
  mkdirSync('docs/api', { recursive: true });
  for (const [name, text] of referencePages(publicSymbols(packageEntries()))) writeFileSync(`docs/api/${name}`, text);
}
