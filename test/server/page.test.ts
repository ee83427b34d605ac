/** Every view of the page as a reader sees it: on a screen and a phone, light and dark; the pictures are left in out/screenshots/serve. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageDataset } from '../../src/data/index.ts';
import { type Network, resnet, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { pngDataUrl } from '../../src/report/index.ts';
import type { RunningServer } from '../../src/server/index.ts';
import { ScaledUnit } from '../../src/stability/index.ts';
import { hasBrowser, launchBrowser } from '../report/browser.ts';
import { fillFolder, type LiveStudy, measured } from './filled-folder.ts';
import { serving, temporaryFolder } from './served.ts';

const pictures = 'out/screenshots/serve';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Each view with what is there when it has loaded. */
const views = [
  ['folder', '/', 'a[href="/study?path=ptb"]'],
  ['study', '/study?path=ptb', 'figure.numbered svg'],
  ['study under way', '/study?path=live', '.workers li'],
  ['curves', '/study?path=ptb&tab=curves&ylog=1', '.curve-plot canvas'],
  ['trials', '/study?path=ptb&tab=trials&sort=reached-up', '.virtual [role="rowgroup"] [role="row"]'],
  ['cost', '/study?path=ptb&tab=cost&price=2', '.stored table'],
  ['study file', '/study?path=ptb&tab=file', 'pre'],
  ['result', '/result?path=spectrum-a/result.json', 'figure.numbered svg'],
  ['perturbations', '/result?path=stability/perturbation/result.json', 'figure.numbered svg'],
  ['no page', '/result?path=stability/growth.json', 'main table'],
  ['spectra', '/spectra?paths=spectrum-a/result.json|spectrum-b/result.json', '.curve-plot canvas'],
  ['scale', '/scale?model=resnet8&weights=random&unit=layer3.0&skip=2', '.curve-plot canvas'],
  ['own model', '/model', '.drop'],
  ['compare', '/compare?a=ptb&b=branches/result.json', '.sides section:nth-child(2) svg'],
  ['curves of two studies', '/curves?of=live|ptb', '.curve-plot canvas'],
  ['plan', '/plan', 'form fieldset'],
  ['measure', '/measure?name=perturb', 'form fieldset'],
  ['edit', '/edit?path=new-study.yaml', '#study-check p'],
  ['no such result', '/result?path=gone.json', '[role="alert"]'],
  ['no such view', '/nothing', 'main h1'],
] as const;

const settings = [
  ['screen', 1280, 'light'],
  ['phone by night', 390, 'dark'],
] as const;

describe.skipIf(!hasBrowser())('the page', () => {
  const served = serving();
  const emptyFolder = temporaryFolder();
  const folder = temporaryFolder();
  let [live, server, browser]: [LiveStudy?, RunningServer?, Browser?] = [];
  let context: BrowserContext;
  let page: Page;
  /** What the browser complained of: errors of scripts, refusals of the policy, files that were not there. */
  let complaints: string[] = [];
  const open = (path: string) => page.goto(`http://127.0.0.1:${server!.port}${path}`);

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    live = await fillFolder(folder);
    server = await served({ folder });
    browser = await launchBrowser();
    context = await browser.newContext({ acceptDownloads: true });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    live?.store.close();
  });

  it.each(views)(
    '%s: shows itself without complaint, reads well, and keeps within its width',
    async (name, path, there) => {
      complaints = [];
      for (const [setting, width, colorScheme] of settings) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        if (setting === 'screen') await open(path);
        await page.locator(there).first().waitFor();
        await page.waitForFunction(() => document.querySelector('.connection.live') !== null);
        await page.screenshot({ path: join(pictures, `${name} ${setting}.png`.replaceAll(' ', '-')) });
        // The other two combinations are there to be looked at.
        await page.emulateMedia({ colorScheme: colorScheme === 'dark' ? 'light' : 'dark' });
        const other = colorScheme === 'dark' ? 'phone by day' : 'screen by night';
        await page.screenshot({ path: join(pictures, `${name} ${other}.png`.replaceAll(' ', '-')) });
        await page.emulateMedia({ colorScheme });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wide, `${name}, ${setting}`).toBeLessThanOrEqual(0);
        // A script that the browser's tester runs, not the page: its policy does not hold for it.
        const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`);
        const serious = (
          found as { violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }
        ).violations
          .filter((v) => v.impact === 'serious' || v.impact === 'critical')
          .map((v) => `${v.id}: ${v.nodes[0]!.html.slice(0, 200)} ${v.nodes[0]!.failureSummary}`);
        expect(serious, `${name}, ${setting}`).toEqual([]);
      }
      const expected = name === 'no such result' ? /404/ : /^$/;
      expect(
        complaints.filter((c) => !expected.test(c)),
        name,
      ).toEqual([]);
    },
  );

  it('a study is live: a step that is measured shows within seconds, and nothing is loaded again', async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await open('/study?path=live&tab=curves&trials=b032-s0-of');
    await page.locator('.workers li').waitFor();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/api/study')) asked++;
    });
    const { store, claim } = live!;
    for (let step = 44; step <= 80; step += 4) store.claims.measure(claim, measured(32, step));
    await page.locator('.workers li', { hasText: '80 of 200 steps' }).waitFor();
    expect(asked).toBe(0);
  });

  it('is used by keyboard alone: the first key leads to the content, links and fields follow', async () => {
    await open('/study?path=ptb&tab=trials');
    await page.locator('.virtual [role="row"]').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the content');
    const reached = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement?.tagName ?? ''));
    }
    for (const tag of ['A', 'INPUT', 'SELECT', 'BUTTON']) expect(reached, tag).toContain(tag);
  });

  it('trials are filtered, sorted, chosen and their curves compared, all of it in the address', async () => {
    await open('/study?path=ptb&tab=trials');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('blr');
    await page.getByRole('button', { name: /^target at/ }).click();
    await page.waitForURL(/filter=blr.*sort=reached-up/);
    await page.getByRole('button', { name: 'First below the target' }).click();
    const said = await page.getByText(/, [1-9] chosen$/).textContent();
    const chosen = /(\d+) chosen/.exec(said!)![1];
    await page.getByRole('link', { name: 'Compare curves' }).click();
    await page.waitForURL(/tab=curves&trials=/);
    await page.locator('.curve-plot canvas').waitFor();
    await page.reload();
    await page.getByText(`${chosen} of 59 trials.`).waitFor();
  });

  it('the editor says what is wrong while one types, and saves what is right', async () => {
    await open('/edit');
    const area = page.getByLabel('The study, in YAML');
    const text = await area.inputValue();
    await area.fill(text.replace('batchSizes', 'batchSize'));
    await page
      .locator('#study-check')
      .getByText(/did you mean "batchSizes"/)
      .waitFor();
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
    await area.fill(text);
    await page.getByText(/It is as it should be: 12 trials/).waitFor();
    await page.getByLabel('File').fill('mine/study.yaml');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('status').getByText('saved').waitFor();
    expect(readFileSync(join(folder, 'mine', 'study.yaml'), 'utf8')).toBe(text);
  });

  it('a network of the reader’s own is looked at in the page alone: its units, and the top of their spectra as the command finds it', async () => {
    const model = resnet({ depth: 8, width: 4, classes: 2, inputShape: [3, 8, 8] });
    const network: Network = { ...withValues(model, initialize(model.parameters, 4)), weights: 'test' };
    const grey: ImageDataset = {
      ...{ name: 'grey', classes: ['a', 'b'], count: 1, shape: [3, 8, 8] },
      pixels: new Uint8Array(192).fill(128),
      labels: new Uint8Array(1),
    };
    const unit = await ScaledUnit.open({ network, dataset: grey, image: 0, unit: 'layer2.0' });
    const { values } = await unit.top({ skipScale: 1, weightScale: 1 }, 3);
    await unit.dispose();
    await open('/model');
    const sent: string[] = [];
    const listener = (request: { method: () => string; url: () => string }) =>
      sent.push(`${request.method()} ${request.url()}`);
    await page.locator('.drop').first().waitFor();
    page.on('request', listener);
    const carried = await page.evaluateHandle(
      (base64) => {
        const transfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        transfer.items.add(new File([bytes], 'own.onnx'));
        return transfer;
      },
      Buffer.from(writeModel(network.graph(1))).toString('base64'),
    );
    const place = page.locator('.drop', { hasText: 'Network, .onnx' });
    await place.dispatchEvent('dragover', { dataTransfer: carried });
    await place.dispatchEvent('drop', { dataTransfer: carried });
    const png = Buffer.from(
      pngDataUrl({ width: 8, height: 8, bytes: new Uint8Array(192).fill(128) }).split(',')[1]!,
      'base64',
    );
    await page.getByLabel('Picture').setInputFiles({ name: 'grey.png', mimeType: 'image/png', buffer: png });
    await page.getByText('own.onnx: 3 × 8 × 8, 3 residual units').waitFor();
    await page.getByRole('button', { name: 'Spectra' }).click();
    await page.waitForFunction(
      () =>
        document.querySelectorAll('tbody td:last-child').length === 3 &&
        [...document.querySelectorAll('tbody td:last-child')].every((td) => /to/.test(td.textContent ?? '')) &&
        document.querySelector('.tools [role="status"]')?.textContent === '',
    );
    const text = await page.locator('tbody tr', { hasText: 'layer2.0' }).locator('td').last().textContent();
    const shown = text!.split(' (')[0]!.split(', ').map(Number);
    values.forEach((value, i) => {
      expect(Math.abs(shown[i]! - value) / values[0]!).toBeLessThan(0.01);
    });
    page.off('request', listener);
    // Only what runs it was fetched.
    expect(
      sent.filter(
        (s) => !/^GET .*\.(?:wasm|js)$|\/api\/events/.test(s) && !s.includes(' blob:') && !s.includes(' data:'),
      ),
    ).toEqual([]);
    await page.screenshot({ path: join(pictures, 'own-model-screen.png') });
    await page.getByLabel('Network, .onnx').setInputFiles({
      name: 'none.onnx',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from('nothing of the kind'),
    });
    await page
      .getByRole('alert')
      .getByText(/none\.onnx/)
      .waitFor();
  });

  it('a form measures: its progress is shown, and then the page of what it found', async () => {
    const model = resnet({ depth: 8, width: 4, classes: 2, inputShape: [3, 8, 8] });
    const network = withValues(model, initialize(model.parameters, 4));
    writeFileSync(join(folder, 'tiny.onnx'), writeModel({ ...network, weights: 'test' }.graph(1)));
    await open('/measure?name=convolutions');
    await page.getByLabel('model *').fill('../tiny.onnx');
    await page.getByRole('button', { name: 'Measure', exact: true }).click();
    await page
      .getByRole('alert')
      .getByText(/more than dots/)
      .waitFor();
    await page.getByLabel('model *').fill('tiny.onnx');
    await page.getByLabel('Folder of the result').fill('of-tiny');
    await page.getByRole('button', { name: 'Measure', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /onvolutions/ }).waitFor();
    expect(await page.locator('figure.numbered').count()).toBeGreaterThan(0);
    await page.screenshot({ path: join(pictures, 'measured-screen.png') });
  });

  it('an empty folder says what to do', async () => {
    const empty = await served({ folder: emptyFolder });
    await page.goto(empty.address);
    await page.getByText('There is nothing of Ballast in this folder yet.').waitFor();
  });
});
