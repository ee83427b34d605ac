import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { escapeHtml, html } from '../../../src/report/kit/html.ts';

describe('html templates', () => {
  it('escape text in elements and in quoted attributes', () => {
    const name = `<script>alert("1")</script> & 'more'`;
    expect(html`<p title="${name}">${name}</p>`.markup).toBe(
      `<p title="${escapeHtml(name)}">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;</p>`,
    );
  });

  it('let markup through, join arrays and drop what is absent', () => {
    const item = (n: number) => html`<li>${n}</li>`;
    expect(html`<ul>${[1, 2].map(item)}${null}${undefined}${false}${0}</ul>`.markup).toBe(
      '<ul><li>1</li><li>2</li>0</ul>',
    );
  });

  it('give back any text when the page is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`<>&"'/abc=; `) }), (text) => {
        const { document } = parseHTML(`<html><body>${html`<p title="${text}">${text}</p>`}</body></html>`);
        const p = document.querySelector('p')!;
        expect(p.textContent).toBe(text);
        expect(p.getAttribute('title')).toBe(text);
        expect(p.children.length).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
