import { describe, expect, it } from 'vitest';
import { typeset } from '../../../src/report/kit/typeset.ts';

describe('numbers of a page', () => {
  it('have minus signs and powers of ten', () => {
    expect(typeset('<td>-0.5 (-1.2e-3 to .7)</td><td>a = -.02, 3e4; ±-1</td>')).toBe(
      '<td>−0.5 (−1.2×10⁻³ to .7)</td><td>a = −.02, 3×10⁴; ±−1</td>',
    );
  });

  it('but ranges, dates, names, paths and commands stay as they are', () => {
    for (const text of ['0-11', '2026-01-02', 'resnet20-12fca82f', 'runs/1e-3/model', 'layer-1', 'lr1e-3'])
      expect(typeset(`<p>${text}</p>`)).toBe(`<p>${text}</p>`);
    const typed = '<p style="margin: -1px"><code>ballast x --eps -1e-3</code></p><style>a { top: -1px }</style>';
    expect(typeset(typed)).toBe(typed);
  });

  it('are the same set twice', () => {
    const once = typeset('<p>-5 and 2e-7</p>');
    expect(typeset(once)).toBe(once);
  });
});
