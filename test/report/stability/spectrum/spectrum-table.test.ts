import { describe, expect, it } from 'vitest';
import { spectrumTable } from '../../../../src/report/stability/spectrum/spectrum-table.ts';
import { wantsColor } from '../../../../src/report/terminal/terminal-color.ts';
import { brailleLine, sparkline, terminalPlot } from '../../../../src/report/terminal/terminal-plot.ts';
import { resnet56Plan, syntheticSpectrum } from '../../synthetic-spectrum.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const escapes = /\u001b\[\d+m/g;

describe('spectrumTable', () => {
  it('aligns its columns, one unit a line, within 100 columns', () => {
    const plans = resnet56Plan({ finalRelu: true });
    const lines = spectrumTable(syntheticSpectrum({ plans, indices: [0] }), { color: false }).split('\n');
    const head = lines.findIndex((l) => l.startsWith('block'));
    const rows = lines.slice(head, head + 28);
    expect(rows.slice(1).map((r) => r.split(' ')[0])).toEqual(plans.map((p) => p.name));
    expect(new Set(rows.map((r) => r.length)).size).toBe(1);
    const ends = [...rows[0]!.matchAll(/(?:at a|\S+)(?= |$)/g)].map((m) => m.index + m[0].length).slice(1);
    for (const row of rows.slice(1)) for (const end of ends) expect(row[end - 1]).toMatch(/\S/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('fits 100 columns with the longest names and numbers', () => {
    const plan = resnet56Plan()[0]!;
    const plans = [{ ...plan, name: `backbone.${'deep'.repeat(20)}.0`, shape: [16384, 32768] as const }];
    const result = syntheticSpectrum({ plans, indices: [0] });
    for (const line of spectrumTable(result, { color: false }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(100);
  });

  it('marks incomplete spectra and counts nothing from them', () => {
    const plans = resnet56Plan()
      .slice(0, 1)
      .map((p) => ({ ...p, leading: 20 }));
    const text = spectrumTable(syntheticSpectrum({ plans, indices: [0], stages: false }), { color: false });
    expect(text).toMatch(/^layer1\.0\* 16384² lanczos \d+ +- +- +- +- +- +\d\.\d+ +- /m);
    expect(text).toContain('* leading 20 values only');
  });

  it('differs with colour by escape sequences only', () => {
    const result = syntheticSpectrum({ plans: resnet56Plan().slice(18), indices: [0, 7, 4321] });
    const plain = spectrumTable(result, { color: false }) + terminalPlot(result, { color: false });
    const painted = spectrumTable(result, { color: true }) + terminalPlot(result, { color: true });
    expect(plain).not.toMatch(escapes);
    expect(painted).toMatch(escapes);
    expect(painted.replace(escapes, '').replace(/ +$/gm, '')).toBe(plain.replace(/ +$/gm, ''));
  });

  it('is coloured on a terminal unless NO_COLOR is set', () => {
    expect(wantsColor({ isTTY: true }, {})).toBe(true);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColor({}, {})).toBe(false);
  });
});

describe('terminal plots', () => {
  it('draw a horizontal line and a step in braille', () => {
    expect(brailleLine([1, 1, 1, 1], 2, 1)).toEqual(['⠉⠉']);
    expect(brailleLine([1, 1, 0, 0], 2, 1)).toEqual(['⠉⣆']);
  });

  it('draw values as blocks between the smallest and the largest', () => {
    expect(sparkline([1, 2, null, 8])).toBe('▁▂ █');
    expect(sparkline([3, 3])).toBe('▄▄');
  });

  it('show selected units on one log axis and name the extremes', () => {
    const result = syntheticSpectrum({ plans: resnet56Plan(), indices: [0], stages: false });
    const plot = terminalPlot(result, { color: false, units: ['layer3.4'], width: 80, height: 8 });
    expect(plot).toContain('layer3.4 (4096 values)');
    expect(plot).toMatch(/^ +1 ┤/m);
    expect(plot).toMatch(/^largest .*layer3\.8\)$/m);
    for (const line of plot.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('are empty without units', () => {
    expect(terminalPlot(syntheticSpectrum({ plans: [], stages: false }), { color: false })).toBe('');
  });
});
