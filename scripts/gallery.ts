/**
 * The pictures of docs/gallery.md: figures of reports of small and stored results, which the tests look at, too.
 *
 *     npm run gallery                              (CHROMIUM names the browser; /usr/bin/chromium unless told)
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../test/report/browser.ts';
import { everyReport } from '../test/report/every-report.ts';

/** Kind of report, words of a figure's title, file. */
const shown = [
  ['stored batch study', 'Steps to the target against batch size, mlp128-f1', 'steps.png'],
  ['stored batch study', 'Critical batch sizes with their intervals', 'critical-batch.png'],
  ['plan', 'Time against cost', 'plan.png'],
  ['spectrum', 'Singular values of the units', 'spectra.png'],
  ['perturbation', 'How perturbations grow on their way', 'growth.png'],
] as const;

const folder = 'docs/gallery';
await mkdir(folder, { recursive: true });
const reports = await everyReport();
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 900 }, colorScheme: 'light' });
  for (const [kind, title, file] of shown) {
    const report = reports.find((r) => r.kind === kind);
    if (!report) throw new Error(`there is no report of the kind "${kind}"`);
    await page.setContent(report.page);
    await page
      .locator('figure.numbered', { hasText: title })
      .first()
      .screenshot({ path: join(folder, file) });
    console.log(join(folder, file));
  }
} finally {
  await browser.close();
}
