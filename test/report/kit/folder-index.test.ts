import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import { writeReportIndex } from '../../../src/report/kit/folder-index.ts';
import { html } from '../../../src/report/kit/html.ts';
import { renderPage } from '../../../src/report/kit/page.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-index-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const page = (title: string, answer: string) =>
  renderPage({ title, answer: [answer], lede: 'About.', sections: [], footer: html`made` });
const options = { title: 'A folder', made: { ballast: '0', date: '2026-01-02T03:04:05.678Z' } };
const linksOf = (path: string) =>
  [...parseHTML(readFileSync(join(folder, path), 'utf8')).document.querySelectorAll('a')].map((a) =>
    a.getAttribute('href'),
  );

describe('the index of a folder of reports', () => {
  it('is not written for a single report', async () => {
    put('report.html', page('First <1>', 'It is 1 (95 %: 0 to 2).'));
    expect(await writeReportIndex(folder, options)).toBeNull();
  });

  it('links every report with its answer, each links back, and calling again changes nothing', async () => {
    put('a b/study/report.html', page('Second', 'It costs $& 5 & more.'));
    put('other.html', '<!DOCTYPE html><h1>not ours</h1>');
    put('.hidden/report.html', page('Hidden', 'Not to be seen.'));
    expect(await writeReportIndex(folder, options)).toBe(join(folder, 'index.html'));
    expect(linksOf('index.html').filter((to) => !to!.startsWith('#'))).toEqual([
      'a%20b/study/report.html',
      'report.html',
    ]);
    const text = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(text).toContain('First &lt;1&gt;');
    expect(text).toContain('It costs $&amp; 5 &amp; more.');
    expect(text).not.toMatch(/not ours|Hidden/);
    expect(linksOf('a b/study/report.html')).toContain('../../index.html');
    expect(linksOf('report.html')).toContain('index.html');
    const before = readFileSync(join(folder, 'report.html'), 'utf8');
    await writeReportIndex(folder, options);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toBe(before);
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toBe(text);
  });
});
