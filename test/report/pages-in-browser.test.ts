/** Every figure of every kind of report as a reader sees it: on a screen and a phone, light and dark, and on paper. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as Plot from '@observablehq/plot';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draw } from '../../src/report/kit/draw.ts';
import { figure, legend } from '../../src/report/kit/figure.ts';
import { html } from '../../src/report/kit/html.ts';
import { renderPage } from '../../src/report/kit/page.ts';
import * as pages from '../../src/report/pages.ts';
import { fitted, visibleLength } from '../../src/report/terminal/terminal-width.ts';
import { hasBrowser, launchBrowser } from './browser.ts';
import { everyReport, type ReportOfAKind } from './every-report.ts';
import { seenFaults } from './seen-faults.ts';

const counted =
  'images|trials|units|networks|steps|spectra|studies|logs|runs|batch sizes|rates|checkpoints|strategies|examples|tokens';

/** Things that are counted once in the plural, with what stands before them. */
const miscounts = (text: string): string[] => [
  ...(text.match(new RegExp(String.raw`.{0,40}(?<![\d.,/–-] ?)\b1 (${counted})\b`, 'g')) ?? []),
];

let reports: ReportOfAKind[] = [];
beforeAll(async () => {
  reports = await everyReport();
});

it('there is a page of every kind that can be drawn among them', () => {
  const source = readFileSync('test/report/every-report.ts', 'utf8');
  const kinds = Object.keys(pages).filter((name) => /^render.*(Report|Reproduction)$/.test(name));
  expect(kinds.filter((name) => !source.includes(`pages.${name}(`))).toEqual([]);
  expect(kinds.length).toBeGreaterThan(12);
});

describe('a report in the terminal', () => {
  it.each([60, 80, 100])('is no wider than %i columns, and opens with a sentence', (width) => {
    for (const { kind, terminal } of reports) {
      const text = terminal?.(width) ?? '';
      for (const line of text.split('\n')) expect(visibleLength(line), `${kind}: ${line}`).toBeLessThanOrEqual(width);
      expect(text, kind).toBe(fitted(text, width));
      expect(miscounts(text), kind).toEqual([]);
      if (terminal) expect(text.split('\n\n')[0]!.trim(), kind).toMatch(/[.!]$/);
    }
  });
});

describe.skipIf(!hasBrowser())('a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-pages-'));
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const settings = [
    ['screen', 1280, 'light', 'screen'],
    ['screen by night', 1280, 'dark', 'screen'],
    ['phone', 390, 'light', 'screen'],
    ['phone by night', 390, 'dark', 'screen'],
    // The width of A4 between its usual margins; paper is white even where the screen is dark.
    ['sheet of paper', 718, 'dark', 'print'],
  ] as const;

  async function show(text: string): Promise<void> {
    const file = join(folder, 'page.html');
    writeFileSync(file, text);
    await page.goto(pathToFileURL(file).href);
  }

  /** Faults of the page that is shown, in all settings. */
  async function faultsInAllSettings(): Promise<string[]> {
    const found: string[] = [];
    for (const [name, width, colorScheme, media] of settings) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ media, colorScheme });
      found.push(...(await page.evaluate(seenFaults)).map((fault) => `${name}: ${fault}`));
    }
    return found;
  }

  /** What a reader meets on the page that is shown: its answer, all of its text, and links of its contents that lead nowhere. */
  const met = () =>
    page.evaluate(() => ({
      answer: [...document.querySelectorAll('header .answer')].map((e) => (e as HTMLElement).innerText).join(' '),
      text: document.body.innerText,
      lost: [...document.querySelectorAll('a[href^="#"]')]
        .map((a) => a.getAttribute('href')!)
        .filter((to) => !document.getElementById(to.slice(1))),
    }));

  it('keeps marks, ticks and labels inside, series apart and contrast, on screen and phone, light and dark, and on paper; has an answer, and no link that leads nowhere', async () => {
    const faults: string[] = [];
    // Each page is loaded once: loading takes longer than looking.
    for (const { kind, page: text } of reports) {
      await show(text);
      const { answer, text: seen, lost } = await met();
      expect(answer, kind).toMatch(/\.$/);
      expect(seen.match(/.{0,30}(?<![\w./])\d(\.\d+)?e-?\d+(?![\w./-]).{0,30}/g) ?? [], kind).toEqual([]);
      expect(seen, kind).not.toMatch(/NaN|Infinity|undefined|null\b|\[object/);
      faults.push(...miscounts(seen).map((text) => `${kind}: "${text}"`));
      expect(lost, kind).toEqual([]);
      faults.push(...(await faultsInAllSettings()).map((fault) => `${kind}, ${fault}`));
    }
    expect(faults).toEqual([]);
  });

  it('is found out where it does not', async () => {
    const body = draw({
      ariaLabel: 'bad',
      width: 300,
      height: 200,
      x: { domain: [0, 1], ticks: [0.5, 0.501], tickFormat: () => 'long label' },
      y: { tickFormat: (y: number) => String(Math.round(y)), domain: [0, 1] },
      marks: [
        Plot.line([0, 3], { x: (x: number) => x, y: 0.5, stroke: '#dddddd' }),
        Plot.dot([0.5], { x: 0.5, y: 2, fill: '#777777' }),
        Plot.text(['outside'], { x: 1.2, y: 0.1, fill: '#aaaaaa' }),
        Plot.text(['here', 'there'], { x: 0.3, y: 0.3 }),
      ],
    });
    const entry = { label: 'one', color: '#0072b2', mark: 'line' } as const;
    const key = legend([entry, { ...entry, label: 'two' }]);
    const text = renderPage({
      title: 'Bad',
      lede: html`<span style="color: #999; white-space: nowrap">${'wide '.repeat(300)}</span>`,
      sections: [
        {
          title: 'Bad',
          body: [
            figure({ title: 'Bad', panels: [{ body }], caption: '', panelWidth: 300, legend: key }),
            html`<div class="table"><table><tr><td>${'unbroken'.repeat(100)}</td></tr></table></div>`,
          ],
        },
      ],
      footer: html``,
    });
    await show(text);
    const faults = (await faultsInAllSettings()).filter((f) => f.startsWith('screen: ')).join('\n');
    for (const fault of [
      /the page is \d+ wide/,
      /text "wide/,
      /"unbroken.*" is \d+ wide on \d+/,
      /line leaves the axes/,
      /line leaves the drawing/,
      /line has a stroke of 1\.4:1/,
      /is in no legend/,
      /dot leaves the axes/,
      /"outside" leaves the drawing/,
      /"outside" has 2\.3:1/,
      /labels "here" and "there" overlap/,
      /tick labels "long label" and "long label" overlap/,
      /two ticks are called "0"/,
      /"one" and "two" look alike/,
    ])
      expect(faults).toMatch(fault);
  });
});
