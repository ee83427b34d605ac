/**
 * The README's picture: the first figure of a report, as a PNG.
 *
 *     npm run picture -- REPORT.html OUT.png       (CHROMIUM names the browser; /usr/bin/chromium unless told)
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report, out] = process.argv.slice(2);
if (!report || !out) {
  console.error('usage: npm run picture -- REPORT.html OUT.png');
  process.exit(2);
}
const quiet =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
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
  await page.goto(pathToFileURL(resolve(report)).href);
  const box = await page.locator('figure').first().boundingBox();
  if (!box) throw new Error(`${report} has no figure`);
  const margin = 16;
  await page.screenshot({
    path: out,
    fullPage: true,
    clip: { x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin },
  });
  console.log(out);
} finally {
  await browser.close();
}
