/** Everything that a reader can do in the page, done by clicks and keys in a browser; what it does is looked up in the page, its address and its files. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server/index.ts';
import { hasBrowser, launchBrowser } from '../report/browser.ts';
import { ballast } from '../support/ballast.ts';
import { fillFolder, type LiveStudy, longStudy, writeCommandStudy } from './filled-folder.ts';
import { serving, temporaryFolder } from './served.ts';

const pictures = 'out/screenshots/serve';

describe.skipIf(!hasBrowser())('in the page', () => {
  const served = serving();
  const folder = temporaryFolder();
  let [live, server, browser]: [LiveStudy?, RunningServer?, Browser?] = [];
  let page: Page;
  const open = (path: string) => page.goto(`http://127.0.0.1:${server!.port}${path}`);
  const query = (key: string) => new URL(page.url()).searchParams.get(key);
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
  const downloaded = async (from: Locator): Promise<{ name: string; bytes: Buffer }> => {
    const coming = page.waitForEvent('download');
    await from.click();
    const download = await coming;
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  /** The table of curves that are drawn: steps and values by curve. */
  const curves = async (): Promise<Map<string, [number, number][]>> => {
    const { bytes } = await downloaded(button('CSV'));
    const found = new Map<string, [number, number][]>();
    for (const line of bytes.toString().trim().split('\n').slice(1)) {
      const [, name, step, value] = /^("[^"]*"|[^,]*),([^,]*),([^,]*)$/.exec(line)!;
      found.set(name!, [...(found.get(name!) ?? []), [Number(step), Number(value)]]);
    }
    return found;
  };

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    live = await fillFolder(folder);
    await longStudy(join(folder, 'long'));
    writeCommandStudy(folder, 60);
    server = await served({ folder });
    browser = await launchBrowser();
    page = await browser.newPage({ acceptDownloads: true, viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(45_000);
  });
  afterAll(async () => {
    await browser?.close();
    live?.store.close();
  });

  it('a study is started from its file, paused, one of its trials cancelled, gone on with, and that trial queued again', async () => {
    await open('/edit?path=program.yaml');
    await page.getByText('Its trials are programs that the file names').waitFor();
    await button('Save and start').click();
    await page.waitForURL(/\/study\?path=program$/);
    await page.locator('.workers li', { hasText: /process \d+ on / }).waitFor();
    await button('Pause').click();
    await page
      .getByRole('status')
      .getByText(/Paused\..*stopped/)
      .waitFor();
    await page.getByRole('link', { name: 'Trials', exact: true }).click();
    await page.getByLabel('Status').selectOption('queued');
    await page.waitForURL(/status=queued/);
    const waiting = page.locator('.virtual [role="rowgroup"] [role="row"]');
    const one = (await waiting.last().getByRole('checkbox').getAttribute('aria-label'))!;
    await waiting.last().getByRole('checkbox').check();
    await button('Cancel').click();
    await page.getByLabel('Status').selectOption('');
    await page.locator('.virtual [role="row"]', { hasText: 'cancelled' }).waitFor();
    await button('Resume').click();
    await page.locator('.progress', { hasText: '2 complete, 1 queued, 1 cancelled' }).waitFor();
    await page.getByRole('status').getByText('Paused.').waitFor({ state: 'hidden' });
    await page.getByLabel(one).check();
    await button('Queue again').click();
    await page.getByRole('status').getByText('1 queued again.').waitFor();
    await button('Resume').click();
    await page.locator('.progress', { hasText: /^3 complete$/ }).waitFor();
    await page.screenshot({ path: join(pictures, 'steered-screen.png') });
  });

  it('trials that failed say why, and are queued again with one click', async () => {
    const claim = live!.store.claims.claim()!;
    live!.store.claims.end(claim, { status: 'failed', step: 0, note: 'the disk was full' });
    await open('/study?path=live&tab=trials');
    await page.getByText('Why trials failed').click();
    await page.getByText('the disk was full').waitFor();
    await button('Queue 1 failed again').click();
    await page.locator('.progress', { hasText: '4 complete, 1 running, 3 queued' }).waitFor();
    expect(live!.store.trial(claim.id)!.status).toBe('queued');
  });

  it('sliders of price and devices change what training costs, by keys too, and stand in the address', async () => {
    await open('/study?path=live&tab=cost');
    const heads = page.locator('.stored th');
    await heads.first().waitFor();
    expect(await heads.allTextContents()).not.toContain('money');
    await page.getByLabel('Price of a device-hour').focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    await page.waitForURL(/price=0\.5/);
    await page.locator('.stored', { hasText: '0.500 a device-hour (given)' }).waitFor();
    const money = async () =>
      page
        .locator('.stored tbody tr')
        .first()
        .evaluate((row) =>
          Number(row.lastElementChild!.textContent!.replace(/×10⁻(.)$/, (_, n) => `e-${'⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(n)}`)),
        );
    const cheap = await money();
    await page.keyboard.press('End');
    await page.waitForURL(/price=20/);
    await page.locator('.stored', { hasText: '20.0 a device-hour (given)' }).waitFor();
    expect((await money()) / cheap).toBeCloseTo(40, 0);
    await page.getByRole('slider', { name: 'Devices' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(/devices=2/);
    const devices = () =>
      page.locator('.stored tbody tr').evaluateAll((rows) => rows.map((row) => row.children[3]!.textContent));
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.stored tbody tr')].some((row) => row.children[3]?.textContent === '2'),
    );
    expect(new Set(await devices())).toEqual(new Set(['1', '2']));
    await page.getByLabel('GB/s between them').fill('0.01');
    await page.keyboard.press('Enter');
    await page.waitForURL(/bandwidth=0\.01/);
    await page.reload();
    await page.locator('.stored', { hasText: '20.0 a device-hour (given)' }).waitFor();
    expect(await page.getByRole('slider', { name: 'Devices' }).inputValue()).toBe('1');
  });

  it('curves: logarithmic axes, smoothing, and a drawn range that shows every measurement in it', async () => {
    await open('/study?path=long&tab=curves');
    const note = page.locator('figcaption');
    await note.getByText(/of 5000 measurements are drawn/).waitFor();
    const thinned = [...(await curves()).values()][0]!;
    expect(thinned.length).toBeLessThan(1100);
    expect(thinned.at(-1)![0]).toBe(5000);
    const picture = async () => (await downloaded(button('SVG'))).bytes.toString();
    const linear = await picture();
    await page.getByRole('checkbox', { name: 'training loss, log' }).check();
    await page.waitForURL(/ylog=1/);
    await page.getByRole('checkbox', { name: 'step, log' }).check();
    await page.waitForURL(/xlog=1/);
    expect(await picture()).not.toBe(linear);
    await page.getByRole('checkbox', { name: 'step, log' }).uncheck();
    await page.getByRole('slider', { name: 'Smoothing' }).focus();
    await page.keyboard.press('End');
    await page.waitForURL(/smooth=0\.99/);
    await note.getByText(/Smoothed: exponentially weighted mean/).waitFor();
    const smooth = [...(await curves()).values()][0]!;
    expect(smooth.map(([step]) => step)).toEqual(thinned.map(([step]) => step));
    expect(smooth[50]![1]).toBeGreaterThan(thinned[50]![1]);
    await page.getByRole('slider', { name: 'Smoothing' }).focus();
    await page.keyboard.press('Home');
    const area = (await page.locator('.u-over').boundingBox())!;
    const drag = async () => {
      await page.mouse.move(area.x + 0.5 * area.width, area.y + 40);
      await page.mouse.down();
      await page.mouse.move(area.x + 0.6 * area.width, area.y + 60, { steps: 4 });
      await page.mouse.up();
      await note.getByText(/All \d+ measurements are drawn\. Steps .+ to .+ alone/).waitFor();
    };
    await drag();
    const steps = [...(await curves()).values()][0]!.map(([step]) => step);
    expect(steps.length).toBeGreaterThan(400);
    expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => steps[0]! + i));
    await button('Whole range').click();
    await note.getByText(/of 5000 measurements are drawn/).waitFor();
    await drag();
    await page.locator('.u-over').dblclick();
    await note.getByText(/of 5000 measurements are drawn/).waitFor();
    const png = await downloaded(button('PNG'));
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
  });

  it('curves of trials of two studies lie over one another, chosen in either, all of it in the address', async () => {
    await open('/compare?a=live&b=ptb');
    await page.getByRole('link', { name: 'Lay their curves over one another' }).click();
    await page.waitForURL(/\/curves\?of=live%7Cptb/);
    await page.locator('.legend li', { hasText: 'live: ' }).first().waitFor();
    await page.locator('.legend li', { hasText: 'ptb: ' }).first().waitFor();
    await page.locator('.choices li', { hasText: 'ptb' }).getByRole('link', { name: 'choose its trials' }).click();
    await page.getByRole('searchbox', { name: 'Filter' }).fill('blr 8 0');
    const boxes = page.locator('.virtual [role="rowgroup"]').getByRole('checkbox');
    await boxes.first().check();
    await page.getByRole('link', { name: 'Compare curves' }).click();
    await page.waitForURL(/\/curves\?of=live%7Cptb%7E/);
    await page.getByText('ptb: 1 trial;').waitFor();
    await page.locator('.legend li', { hasText: 'ptb: ' }).waitFor();
    const names = [...(await curves()).keys()];
    expect(names.filter((n) => n.includes('ptb: ')).length).toBe(1);
    expect(names.filter((n) => n.includes('live: ')).length).toBeGreaterThan(1);
    await page.screenshot({ path: join(pictures, 'curves-of-two-screen.png') });
    await page.reload();
    await page.locator('.legend li', { hasText: 'ptb: ' }).waitFor();
    await button('Remove live').click();
    await page.locator('.legend li', { hasText: 'live: ' }).first().waitFor({ state: 'hidden' });
    await page.getByLabel('Add').selectOption('long');
    await page.locator('.legend li', { hasText: 'long: ' }).waitFor();
  });

  it('any two results stand side by side, and the address leads there again', async () => {
    await open('/');
    await page.getByRole('link', { name: 'Compare', exact: true }).click();
    await page.getByText('Choose a study or a result.').first().waitFor();
    const [one, other] = [page.getByRole('region', { name: 'One' }), page.getByRole('region', { name: 'The other' })];
    await one.getByRole('combobox').selectOption('spectrum-a/result.json');
    await other.getByRole('combobox').selectOption('spectrum-b/result.json');
    await one.locator('h1').waitFor();
    await other.locator('svg').first().waitFor();
    expect([query('a'), query('b')]).toEqual(['spectrum-a/result.json', 'spectrum-b/result.json']);
    await page.reload();
    await one.locator('svg').first().waitFor();
    await page.getByRole('link', { name: 'Lay their spectra over one another' }).click();
    await page.locator('.curve-plot canvas').waitFor();
    const both = await page.locator('.legend li').allTextContents();
    expect(both.some((name) => name.includes('spectrum-a')) || both.length > 1).toBe(true);
    await page.getByLabel('Image').selectOption('image 7');
    await page.waitForURL(/image=image/);
    const of7 = await page.locator('.legend li').allTextContents();
    expect(of7.length).toBeLessThan(both.length);
  });

  it('the planner answers which batch size, with its reasons', async () => {
    await open('/plan');
    for (const [name, value] of [
      ['model *', 'resnet8'],
      ['batchSize', '16'],
      ['epochs', '1'],
      ['steps', '16'],
      ['timing', '0.5'],
    ] as const)
      await page.getByLabel(name, { exact: true }).fill(value);
    await page.getByLabel('Folder of the result').fill('planned');
    await button('Plan').click();
    await page.locator('main .stored .answer').waitFor({ timeout: 100_000 });
    const said = (await page.locator('main .stored .answer').textContent())!;
    expect(said).toMatch(/batch/i);
    await page.locator('main .stored figure svg').first().waitFor();
    await page.screenshot({ path: join(pictures, 'planned-screen.png') });
    await page.getByRole('link', { name: 'planned/plan.json' }).click();
    await page.waitForURL(/\/result\?path=planned/);
    await page.locator('.answer').waitFor();
    expect(await page.locator('.answer').textContent()).toBe(said);
  });

  it('branches are asked for by a form, which says what is wrong with the answer’s ground', async () => {
    await open('/plan?name=branches');
    await page.getByLabel(/^source/).fill('no-such-run');
    await page.getByLabel('Folder of the result').fill('branched');
    await button('Measure').click();
    await page
      .getByRole('status')
      .getByText(/failed/)
      .waitFor();
    expect(
      await page
        .getByRole('status')
        .getByText(/failed/)
        .textContent(),
    ).toMatch(/no-such-run/);
  });

  it('branches of a run answer with its critical batch size and what it rests on', async () => {
    const training = ['--model', 'mlp8', '--dataset', 'shapes', '--fraction', '0.02', '--batch-size', '16'];
    const kept = ['--max-steps', '4', '--keep-checkpoints', '2st', '--threads', '1', '--out', join(folder, 'kept')];
    expect((await ballast('train', ...training, ...kept)).status).toBe(0);
    await open('/plan?name=branches');
    for (const [name, value] of [
      [/^source/, 'kept'],
      [/^at$/, '2st'],
      [/^most$/, '2'],
      [/^perDoubling$/, '1'],
      [/^orders$/, '2'],
      [/^mostOrders$/, '2'],
      [/^examples$/, '32'],
      [/^heldOut$/, '16'],
    ] as const)
      await page.getByLabel(name).fill(value);
    await page.getByLabel('Folder of the result').fill('branches-of-kept');
    await button('Measure').click();
    await page.locator('main .stored .answer').waitFor({ timeout: 100_000 });
    expect(await page.locator('main .stored .answer').textContent()).toMatch(/batch/);
    await page.screenshot({ path: join(pictures, 'branched-screen.png') });
    expect(existsSync(join(folder, 'branches-of-kept', 'result.json'))).toBe(true);
  });

  it('the sides of a unit are scaled by keys, and the top of its spectrum follows', async () => {
    await open('/scale?model=resnet8&weights=random&unit=layer3.0');
    const note = page.locator('figcaption');
    await note.waitFor();
    const largest = async () => Number(/The largest is ([\d.]+)/.exec((await note.textContent())!)![1]);
    const before = await largest();
    await page.getByRole('slider', { name: 'Branch ×' }).focus();
    await page.keyboard.press('End');
    await page.waitForURL(/branch=3/);
    await page.locator('.legend li', { hasText: 'branch × 3' }).waitFor();
    expect(await largest()).toBeGreaterThan(1.5 * before);
    await button('As it is').click();
    await page.locator('.legend li', { hasText: 'skip × 1, branch × 1' }).waitFor();
    expect(await largest()).toBe(before);
  });

  it('pictures that were written with a result stand in its view, and nothing else of that page', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open('/result?path=spectrum-a/result.json');
    const shown = page.getByRole('region', { name: 'Images' }).locator('li');
    await shown.first().waitFor();
    expect(await shown.locator('b').allTextContents()).toEqual(['image 0', 'image 7']);
    const loaded = await shown
      .locator('img')
      .evaluateAll((all) => all.map((i) => (i as HTMLImageElement).naturalWidth));
    expect(loaded).toEqual([8, 8]);
    expect(await page.locator('main form').count()).toBe(0);
    expect(asked.filter((url) => url.includes('evil'))).toEqual([]);
  });

  it.each([
    ['a study', '/study?path=ptb', /Loss over batch size and iterations/],
    ['costs', '/study?path=ptb&tab=cost&price=2', /Time/],
    ['a spectrum', '/result?path=spectrum-a/result.json', /Depth against sorted index/],
    ['perturbations', '/result?path=stability/perturbation/result.json', /grow on their way/],
    ['branches', '/result?path=branches/result.json', /Critical batch size along the training/],
    ['a plan', '/result?path=plan/plan.json', /cost/i],
  ])('every figure of %s can be taken home as SVG, PNG and CSV', async (_, path, title) => {
    await open(path);
    const figures = page.locator('.stored figure.numbered');
    await figures.first().waitFor();
    await page.waitForFunction(() => document.querySelector('.stored')!.children.length > 0);
    const without = await figures.evaluateAll((all) =>
      all.flatMap((figure) => {
        const labels = [...figure.querySelectorAll('.files button')].map((b) => b.textContent!.split(' ')[0]!);
        return ['SVG', 'PNG', 'CSV'].every((kind) => labels.includes(kind))
          ? []
          : [figure.querySelector('h3')!.textContent];
      }),
    );
    expect(without).toEqual([]);
    const figure = figures.filter({ hasText: title }).first();
    await figure.locator('.files summary').click();
    const svg = await downloaded(figure.getByRole('button', { name: /^SVG/ }).first());
    expect(svg.bytes.toString()).toMatch(/^<\?xml[\s\S]*<svg[\s\S]*<\/svg>\s*$/);
    const png = await downloaded(figure.getByRole('button', { name: /^PNG/ }).first());
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
    const csv = await downloaded(figure.getByRole('button', { name: /^CSV/ }).first());
    expect(csv.bytes.toString().split('\n').length).toBeGreaterThan(2);
  });

  it('trials are sorted and chosen by keys alone', async () => {
    await open('/study?path=ptb&tab=trials');
    const head = page.getByRole('columnheader', { name: 'batch' });
    await head.getByRole('button').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/sort=batch-up/);
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    await page.keyboard.press('Enter');
    await page.waitForURL(/sort=batch-down/);
    await page.locator('.virtual [role="rowgroup"]').getByRole('checkbox').first().focus();
    await page.keyboard.press('Space');
    await page.getByText(/59 of 59, 1 chosen/).waitFor();
    await page.getByRole('table', { name: 'Trials' }).focus();
    await page.keyboard.press('End');
    await page.locator('.virtual [role="row"][aria-rowindex="60"]').waitFor();
  });
});

/** Each view with what is asked for it, what it says where nothing is there, and what is there when it is. */
const views = [
  ['folder', '/', 'There is nothing of Ballast in this folder yet', 'h1'],
  ['study', '/study?path=none', 'none', '[role="alert"]'],
  ['curves', '/curves', 'There is no study in this folder yet', 'h1'],
  ['result', '/result?path=none.json', 'none.json', '[role="alert"]'],
  ['spectra', '/spectra', 'No result here has spectra', 'h1'],
  ['compare', '/compare', 'There is nothing to compare in this folder yet', 'h1'],
  ['edit', '/edit?path=none.yaml', 'none.yaml', '[role="alert"]'],
  ['measure', '/measure', 'What is asked', 'form'],
  ['plan', '/plan', 'What is asked', 'form'],
  ['scale', '/scale?model=none', 'none', '[role="alert"]'],
] as const;

describe.skipIf(!hasBrowser())('a view', () => {
  const served = serving();
  const folder = temporaryFolder();
  let [server, browser]: [RunningServer?, Browser?] = [];
  let page: Page;
  beforeAll(async () => {
    server = await served({ folder });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    page.setDefaultTimeout(45_000);
  });
  afterAll(() => browser?.close());

  it.each(views)(
    '%s: says that it loads, what is wrong, that the server is away, and what to do where nothing is there',
    async (_, path, empty, there) => {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let mode: 'wait' | 'fail' | 'pass' = 'wait';
      await page.route('**/api/**', async (route) => {
        if (route.request().url().includes('/api/events')) return mode === 'pass' ? route.continue() : route.abort();
        if (mode === 'wait') {
          await held;
          return route.abort();
        }
        if (mode === 'fail') return route.fulfill({ status: 500, json: { error: 'the disk is on fire' } });
        return route.continue();
      });
      await page.goto(`http://127.0.0.1:${server!.port}${path}`);
      await page
        .locator('[role="status"]', { hasText: /Loading/ })
        .first()
        .waitFor();
      await page.locator('.connection.offline').waitFor();
      release();
      await page.getByRole('alert').getByText('The server does not answer.').first().waitFor();
      mode = 'fail';
      await button('Try again').click();
      await page.getByRole('alert').getByText('the disk is on fire').first().waitFor();
      mode = 'pass';
      await button('Try again').click();
      await page.locator('main').getByText(empty).first().waitFor();
      expect(await page.locator(`main ${there}`).count()).toBeGreaterThan(0);
      await page.locator('.connection.live').waitFor();
      await page.unroute('**/api/**');
    },
  );

  const button = (name: string) => page.getByRole('button', { name }).first();
});
