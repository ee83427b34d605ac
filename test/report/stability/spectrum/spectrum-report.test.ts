import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { pngDataUrl } from '../../../../src/report/kit/png.ts';
import { renderSpectrumReport } from '../../../../src/report/stability/spectrum/spectrum-report.ts';
import { resnet56Plan, syntheticSpectrum } from '../../synthetic-spectrum.ts';

const small = resnet56Plan().filter((p) => /^layer3\.[0-3]$/.test(p.name));
const parse = (page: string) => parseHTML(page).document;
const titles = (page: string) => [...parse(page).querySelectorAll('figure h3')].map((h) => h.textContent);

describe('the spectrum report', () => {
  it('of ResNet-56 at three images has all figures and tables in less than 3 MB', () => {
    const page = renderSpectrumReport(syntheticSpectrum(), { command: 'ballast spectrum --images 0,7,4321' });
    expect(page.length).toBeLessThan(3e6);
    expect(titles(page)).toEqual([
      'Singular values of the units',
      'Depth against sorted index',
      'The plateau and the extremes against depth',
      'Above, at and below the plateau',
      'Spread of the sorted singular values across images',
      'Relative difference between images',
      'Stages: the top of the spectrum, and the norm against the product of unit norms',
    ]);
    const document = parse(page);
    expect(document.querySelectorAll('details').length).toBe(3);
    expect(document.querySelectorAll('details tbody tr').length).toBe(3 * (27 + 3 + 3));
    const row = [...document.querySelectorAll('tbody tr')].find(
      (r) => r.firstElementChild!.textContent === 'layer3.4',
    )!;
    expect([...row.querySelectorAll('td')].slice(0, 11).map((c) => c.textContent)).toEqual([
      'layer3.4',
      '4,096 × 4,096',
      'out',
      'structured',
      '656',
      '16 %',
      '2,784',
      '1',
      '2,784',
      '656',
      '656',
    ]);
    expect(document.querySelector('footer')!.textContent).toContain('ballast spectrum --images 0,7,4321');
    expect(document.body.textContent).toContain('Our choice: final ReLU out.');
  });

  it('fetches nothing, runs nothing and shows the pictures it is given', () => {
    const pngUrl = pngDataUrl({ width: 2, height: 2, bytes: new Uint8Array(12) });
    const page = renderSpectrumReport(syntheticSpectrum({ plans: small }), {
      images: [{ index: 7, pngDataUrl: pngUrl }],
    });
    const document = parse(page);
    expect(document.querySelectorAll('script, link, iframe, object, embed, use').length).toBe(0);
    expect(
      [...document.querySelectorAll('[src], [href]')]
        .map((e) => e.getAttribute('src') ?? e.getAttribute('href')!)
        .filter((to) => !to.startsWith('#')),
    ).toEqual([pngUrl]);
    for (const link of document.querySelectorAll('[href]'))
      expect(document.getElementById(link.getAttribute('href')!.slice(1)), link.outerHTML).not.toBeNull();
    expect(page).not.toMatch(/url\(|@import|https?:\/\/(?!www\.w3\.org\/)/);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('refuses a picture that is not a PNG data URL', () => {
    const images = [{ index: 7, pngDataUrl: 'https://example.org/cat.png' }];
    expect(() => renderSpectrumReport(syntheticSpectrum({ plans: small }), { images })).toThrow(/image 7/);
  });

  it('shows hostile names as text', () => {
    const evil = '<script>alert(1)</script>"\'&';
    const plans = small.map((p, i) => ({ ...p, name: `${evil}.${i}` }));
    const page = renderSpectrumReport(syntheticSpectrum({ plans, model: evil, weights: evil }), { command: evil });
    const document = parse(page);
    expect(document.querySelectorAll('script').length).toBe(0);
    expect(page).not.toContain('<script');
    expect(document.querySelector('h1')!.textContent).toBe(`Stability spectrum of ${evil}`);
    expect(document.querySelector('tbody td')!.textContent).toBe(`${evil}.0`);
  });

  it('of one image says nothing of other images', () => {
    const page = renderSpectrumReport(syntheticSpectrum({ plans: small, indices: [5], stages: false }));
    expect(titles(page)).toHaveLength(4);
    expect(page).not.toContain('Across images');
    expect(page).not.toContain('the means of');
  });

  it('of stages alone has the stages’ figure alone', () => {
    const result = syntheticSpectrum({ plans: small, indices: [5] });
    const only = { ...result, images: result.images.map((i) => ({ ...i, units: [] })), spread: [] };
    expect(titles(renderSpectrumReport(only))).toEqual([expect.stringContaining('Stages')]);
  });

  it('labels incomplete spectra, draws their leading values and counts nothing', () => {
    const plans = small.map((p) => ({ ...p, leading: 20 }));
    const page = renderSpectrumReport(syntheticSpectrum({ plans, indices: [5, 6] }));
    expect(titles(page)).toEqual([
      'Leading singular values of incomplete spectra',
      'The plateau and the extremes against depth',
      expect.stringContaining('Stages'),
    ]);
    const row = parse(page).querySelector('tbody tr')!;
    expect(row.textContent).toContain('leading 20 of 4,096 values only');
    expect(page).not.toContain('lie at the plateau at');
  });

  it('says how zeros are drawn on its log axes, when there are some', () => {
    const plans = small.map((p) => ({ ...p, dead: 1500 }));
    expect(renderSpectrumReport(syntheticSpectrum({ plans }))).toContain('Zeros have a lane of their own');
    expect(renderSpectrumReport(syntheticSpectrum({ plans: small }))).not.toContain('Zeros have a lane');
  });

  it('can draw units without skip connection, whose plateau is zero', () => {
    const plans = small.map((p) => ({ ...p, plateau: 0 }));
    const page = renderSpectrumReport(syntheticSpectrum({ plans }));
    expect(page).toContain('the plateau at 0');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('of nothing is still a page', () => {
    const page = renderSpectrumReport(syntheticSpectrum({ plans: [], indices: [0], stages: false }));
    expect(parse(page).querySelector('h1')!.textContent).toContain('resnet56');
    expect(titles(page)).toEqual([]);
  });
});
