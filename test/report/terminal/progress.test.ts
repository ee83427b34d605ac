import { describe, expect, it } from 'vitest';
import { createProgress } from '../../../src/report/terminal/progress.ts';

/** A stream that remembers, and a clock that is set by hand (milliseconds). */
function setup(options: { isTTY?: boolean; columns?: number; quiet?: boolean; total?: number; from?: number }) {
  const lines: string[] = [];
  let time = 0;
  const stream = {
    isTTY: options.isTTY ?? false,
    columns: options.columns ?? 80,
    write: (text: string) => lines.push(text),
  };
  const progress = createProgress({
    stream,
    label: 'spectra',
    quiet: options.quiet ?? false,
    total: options.total ?? 1,
    from: options.from ?? 0,
    now: () => time,
  });
  return { lines, progress, at: (ms: number) => (time = ms) };
}

describe('progress', () => {
  it('writes a plain line about every ten seconds where there is no terminal', () => {
    const { lines, progress, at } = setup({ total: 60 });
    for (let second = 0; second <= 30; second++) {
      at(second * 1000);
      progress.update(second, `layer1.${second}`);
    }
    progress.finish();
    expect(lines).toEqual([
      'spectra  16 %, 10.0 s, 50.0 s left  layer1.10\n',
      'spectra  33 %, 20.0 s, 40.0 s left  layer1.20\n',
      'spectra  50 %, 30.0 s, 30.0 s left  layer1.30\n',
      'spectra done in 30.0 s\n',
    ]);
    expect(lines.join('')).not.toContain('\u001b');
  });

  it('judges the time that is left by what was done since work was resumed', () => {
    const { lines, progress, at } = setup({ total: 100, from: 40 });
    at(10_000);
    progress.update(60);
    expect(lines).toEqual(['spectra  60 %, 10.0 s, 20.0 s left\n']);
  });

  it('leaves no trace of short work where there is no terminal', () => {
    const { lines, progress, at } = setup({});
    at(500);
    progress.update(0.5);
    progress.finish();
    expect(lines).toEqual([]);
  });

  it('rewrites one line on a terminal, never wider than it, and clears it at the end', () => {
    const { lines, progress, at } = setup({ isTTY: true, columns: 64 });
    progress.update(0, 'a detail that is far too long for a terminal of sixty-four columns, and then some');
    at(20);
    progress.update(0.1);
    at(4000);
    progress.update(0.25, 'layer2.4');
    progress.finish();
    progress.update(0.9);
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line.startsWith('\r\u001b[2K')).toBe(true);
      expect(line).not.toContain('\n');
      expect(line.slice('\r\u001b[2K'.length).length).toBeLessThan(64);
    }
    expect(lines[1]).toContain('█████░░░');
    expect(lines[1]).toContain(' 25 %, 4.0 s, 12.0 s left');
    expect(lines.at(-1)).toBe('\r\u001b[2K');
  });

  it('is silent when told to be quiet', () => {
    const { lines, progress, at } = setup({ isTTY: true, quiet: true });
    at(60_000);
    progress.update(0.5);
    progress.finish();
    expect(lines).toEqual([]);
  });
});
