/**
 * Pictures for the README, as PNG: the first figure of a report, or a view of the page that `ballast serve` opens.
 *
 *     npm run picture -- REPORT.html OUT.png                    (CHROMIUM names the browser; /usr/bin/chromium unless told)
 *     npm run picture -- FOLDER '/study?path=cifar10' OUT.png   (after npm run build)
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { startServer } from '../src/server/index.ts';

const given = process.argv.slice(2);
const out = given.at(-1) ?? '';
if (given.length < 2 || given.length > 3) {
  console.error('usage: npm run picture -- REPORT.html OUT.png, or FOLDER VIEW OUT.png');
  process.exit(2);
}
const quiet =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

async function firstFigure(page: Page, report: string): Promise<void> {
  await page.goto(pathToFileURL(resolve(report)).href);
  const box = await page.locator('figure').first().boundingBox();
  if (!box) throw new Error(`${report} has no figure`);
  const margin = 16;
  await page.screenshot({
    path: out,
    fullPage: true,
    clip: { x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin },
  });
}

async function view(page: Page, folder: string, address: string): Promise<void> {
  const server = await startServer({ folder });
  try {
    await page.goto(`http://127.0.0.1:${server.port}${address}`);
    await page.locator('main :is(figure, .entries, form)').first().waitFor();
    while ((await page.locator('.state[role="status"], .waiting').count()) > 0) await page.waitForTimeout(100);
    // What came last is drawn with the next frames.
    await page.waitForTimeout(700);
    await page.screenshot({ path: out });
  } finally {
    await server.close();
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: quiet.split(' '),
});
try {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 900 },
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
  });
  if (given.length === 2) await firstFigure(page, given[0]!);
  else await view(page, given[0]!, given[1]!);
  console.log(out);
} finally {
  await browser.close();
}
