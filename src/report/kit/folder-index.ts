/** The reports of a folder as one page of links, and a link from each of them back to it. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic } from '../../formats/index.ts';
import { Html, html } from './html.ts';
import { renderPage } from './page.ts';
import { madeBy } from './report-footer.ts';

const indexName = 'index.html';

/** Folders below the folder that are looked into: of a study, and of what was measured on it. */
const deepest = 3;

interface Report {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly title: Html;
  /** The paragraphs of its answer. */
  readonly answer: Html | null;
}

/** The pages of Ballast below a folder; hidden folders, links and other files are passed over. */
async function pagesBelow(folder: string, depth = 0): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry): Promise<string[]> | string[] => {
      if (entry.name.startsWith('.')) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return depth < deepest ? pagesBelow(path, depth + 1) : [];
      return entry.isFile() && entry.name.endsWith('.html') ? [path] : [];
    }),
  );
  return found.flat().sort();
}

const folderLinks = /<nav class="folder" aria-label="Folder">.*?<\/nav>/s;

/** What a page that Ballast wrote says of itself; null of any other. Its own markup is taken over, with nothing in it that runs. */
function reportOf(path: string, text: string): Report | null {
  const title = /<h1>(.*?)<\/h1>/s.exec(text)?.[1];
  if (title === undefined || !folderLinks.test(text) || /<script/i.test(text)) return null;
  const answer = /<div class="answer">(.*?)<\/div>/s.exec(text)?.[1];
  return { path, title: new Html(title), answer: answer === undefined ? null : new Html(answer) };
}

/**
 * Writes `index.html` in a folder: every report below it with its title and its answer; and puts into each of them a link to the index.
 * Called again it counts anew.
 *
 * @returns The path of the index; null where there are fewer than two reports, for which an index is of no use.
 */
export async function writeReportIndex(
  folder: string,
  { title, made }: { readonly title: string; readonly made: { readonly ballast: string; readonly date: string } },
): Promise<string | null> {
  const index = join(folder, indexName);
  const files = (await pagesBelow(folder)).filter((file) => file !== index);
  const reports = (
    await Promise.all(
      files.map(async (file) => {
        const text = await readFile(file, 'utf8');
        const report = reportOf(relative(folder, file).split(sep).join('/'), text);
        return report ? [{ ...report, file, text }] : [];
      }),
    )
  ).flat();
  if (reports.length < 2) return null;
  const linkTo = (path: string) => path.split('/').map(encodeURIComponent).join('/');
  const page = renderPage({
    title,
    answer: [`There are ${reports.length} reports; below the title of each stands what it found.`],
    lede: '',
    sections: [
      {
        title: 'Reports',
        body: [
          html`<ul class="findings list">${reports.map(
            (r) => html`<li><b><a href="${linkTo(r.path)}">${r.title}</a></b>${r.answer}</li>\n`,
          )}</ul>`,
        ],
      },
    ],
    footer: html`<p>Made by ${madeBy(made)}.</p>`,
  });
  for (const { file, text } of reports) {
    const back = linkTo(relative(dirname(file), index).split(sep).join('/'));
    const links = html`<nav class="folder" aria-label="Folder"><a href="${back}">All reports of this folder</a></nav>`;
    // A function, because a replacement text has signs of its own.
    const linked = text.replace(folderLinks, () => links.markup);
    if (linked !== text) await writeFileAtomic(file, linked);
  }
  await writeFileAtomic(index, page);
  return index;
}
