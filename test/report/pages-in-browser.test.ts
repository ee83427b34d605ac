/** Every figure of every kind of report as a reader sees it: on a screen and a phone, light and dark, and on paper. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitted, visibleLength } from '../../src/report/terminal-width.ts';
import { hasBrowser, launchBrowser } from './browser.ts';
import { everyReport, type ReportOfAKind } from './every-report.ts';
import { seenFaults } from './seen-faults.ts';

let reports: ReportOfAKind[] = [];
beforeAll(async () => {
  reports = await everyReport();
});

describe('a report in the terminal', () => {
  it.each([60, 80, 100])('is no wider than %i columns, and opens with a sentence', (width) => {
    for (const { kind, terminal } of reports) {
      const text = terminal?.(width) ?? '';
      for (const line of text.split('\n')) expect(visibleLength(line), `${kind}: ${line}`).toBeLessThanOrEqual(width);
      expect(text, kind).toBe(fitted(text, width));
      if (terminal) expect(text.split('\n\n')[0]!.trim(), kind).toMatch(/[.!]$/);
    }
  });
});

describe.skipIf(!hasBrowser())('a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-pages-'));
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function faultsOf(page: Page): Promise<string[]> {
    const found: string[] = [];
    for (const [at, { kind, page: text }] of reports.entries()) {
      const file = join(folder, `${at}.html`);
      writeFileSync(file, text);
      await page.goto(pathToFileURL(file).href);
      found.push(...(await page.evaluate(seenFaults)).map((f) => `${kind}: ${f}`));
    }
    return found;
  }

  it.each([
    ['screen', 1280, 'light', 'screen'],
    ['screen by night', 1280, 'dark', 'screen'],
    ['phone', 390, 'light', 'screen'],
    ['phone by night', 390, 'dark', 'screen'],
    // The width of A4 between its usual margins; paper is white even where the screen is dark.
    ['sheet of paper', 718, 'dark', 'print'],
  ] as const)(
    'on a %s keeps marks, ticks and labels inside, series apart and contrast',
    async (_, width, colorScheme, media) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      await page.emulateMedia({ media, colorScheme });
      expect(await faultsOf(page)).toEqual([]);
      await page.close();
    },
  );

  it('has an answer before everything else, and every link of its contents leads to a place', async () => {
    const page = await browser.newPage();
    for (const { kind, page: text } of reports) {
      await page.setContent(text);
      const answer = (await page.locator('header .answer').allInnerTexts()).join(' ');
      expect(answer, kind).toMatch(/\.$/);
      const lost = await page.evaluate(() =>
        [...document.querySelectorAll('a[href^="#"]')]
          .map((a) => a.getAttribute('href')!)
          .filter((to) => !document.getElementById(to.slice(1))),
      );
      expect(lost, kind).toEqual([]);
    }
    await page.close();
  });
});
