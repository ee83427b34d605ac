/** What the documentation shows: fenced blocks of pages, and of the docstrings of sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pages of the documentation. */
export const markdown: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [join('docs', name)] : [])),
];

/** One of them. */
export interface Block {
  /** `docs/logs.md:101`. */
  readonly where: string;
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page, or of the docstrings of a source. */
export function blocksOf(file: string): Block[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^( \* )?```(\w+)\n([\s\S]*?)^( \* )?```/gm)].map((found) => ({
    where: `${file}:${text.slice(0, found.index).split('\n').length}`,
    language: found[2]!,
    text: found[3]!.replace(/^ \* ?/gm, ''),
  }));
}

/** The examples of the library: of the README, the documentation and the docstrings of `sources`. */
export const libraryExamples = (sources: Iterable<string>): Block[] =>
  [...markdown, ...sources, 'src/app/measure.ts', 'src/models/graph-network.ts']
    .flatMap(blocksOf)
    .filter((b) => b.language === 'ts' && b.text.includes("from 'ballast"));
