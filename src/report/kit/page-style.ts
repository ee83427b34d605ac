/** The style of every report: light and dark by the reader's setting, one column on a phone, white paper in print. */
const light = `
  --paper: #ffffff; --ink: #1b1f24; --soft: #5b6470; --rule: #dfe3e8; --tint: #f6f7f9;
  --above: #d55e00; --plateau: #7d8793; --below: #0072b2; --zero: #2b2135; --active: #009e73;
  --above-deep: #9c3a00; --below-deep: #0b3c8f; --neutral: #f1f2f3;
  --series-green: #008a64; --series-pink: #b8478f; --series-ochre: #946f00; --series-indigo: #5b4bb7; --series-brown: #7a4a1e;
  --series-night: #2b2135; --series-grey: #6b7785;`;

const dark = `
  --paper: #14171b; --ink: #e7eaee; --soft: #a2abb6; --rule: #333a43; --tint: #1c2026;
  --above: #f08a45; --plateau: #78828e; --below: #55aee8; --zero: #d9cfe8; --active: #3cc99c;
  --above-deep: #ff9a4d; --below-deep: #5cb8ff; --neutral: #262b32;
  --series-green: #3cc99c; --series-pink: #e58fc4; --series-ochre: #e0b93f; --series-indigo: #9f92f0; --series-brown: #c79a6b;
  --series-night: #d9cfe8; --series-grey: #a2abb6;`;

/** What a single plot needs of it: the colors. */
export const plotStyle = `svg {${light}
  color: var(--ink); }`;

export const pageStyle = `
:root {${light}
}
@media (prefers-color-scheme: dark) { :root {${dark}
} }
@media print { :root {${light}
} }
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 0 auto; padding: 40px 24px 56px; max-width: 1168px; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; counter-reset: figure table; }
h1 { font-size: clamp(26px, 4vw, 38px); line-height: 1.15; letter-spacing: -0.015em; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 22px; line-height: 1.25; letter-spacing: -0.01em; margin: 56px 0 16px; padding-top: 14px; border-top: 2px solid var(--ink); }
h3 { font-size: 17px; line-height: 1.3; margin: 0 0 6px; }
h4 { font-size: 13px; line-height: 1.3; margin: 0 0 2px; color: var(--soft); font-weight: 600; overflow-wrap: anywhere; }
p { margin: 0 0 12px; max-width: 75ch; }
code { font: 0.88em ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.brand { margin: 0 0 20px; font-size: 13px; font-weight: 700; letter-spacing: 0.14em; text-transform: uppercase; color: var(--below); }
.lede { font-size: 18px; color: var(--soft); max-width: 80ch; }
.answer { margin: 0 0 16px; padding: 14px 18px; background: var(--tint); border-left: 4px solid var(--below); border-radius: 8px; font-size: 18px; line-height: 1.45; max-width: 90ch; }
.answer p { margin: 0 0 8px; max-width: none; }
.answer p:last-child { margin: 0; }
.contents { margin: 20px 0 0; font-size: 14px; line-height: 1.4; columns: 3 280px; column-gap: 32px; }
.contents > p { margin: 0 0 6px; font-weight: 600; color: var(--soft); column-span: all; }
.contents ul { margin: 0; padding: 0; list-style: none; }
.contents li { break-inside: avoid; margin: 0 0 6px; overflow-wrap: anywhere; }
.contents li li { margin: 2px 0 0 14px; font-size: 13px; }
.folder { margin: 0 0 12px; font-size: 14px; }
.folder:empty { display: none; }
a { color: var(--below); }
h2 a.here, h3 a.here { color: inherit; text-decoration: none; }
h2 a.here:hover, h3 a.here:hover { text-decoration: underline; }
:target { scroll-margin-top: 12px; }
.note { margin: 2px 0 0 42px; font-size: 12px; line-height: 1.4; color: var(--soft); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0 0 20px; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.pictures { display: flex; flex-wrap: wrap; gap: 16px; margin: 0; padding: 0; list-style: none; }
.pictures li { display: flex; gap: 12px; align-items: center; padding: 10px 16px 10px 10px; background: var(--tint); border-radius: 8px; font-size: 14px; line-height: 1.4; min-height: 64px; }
.pictures img { width: 80px; height: 80px; border-radius: 4px; image-rendering: pixelated; object-fit: contain; }
.pictures b { display: block; font-size: 15px; }
.pictures figure { margin: 0; text-align: center; }
.scroll + p, .findings + p, .findings + details { margin-top: 14px; }
.findings.long { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); }
.findings.list { grid-template-columns: 1fr; }
.findings.list b { font-size: 20px; }
.pictures figcaption { margin: 2px 0 0; font-size: 12px; }
.wrong { color: var(--above-deep); font-weight: 600; }
.findings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 16px; margin: 0; padding: 0; list-style: none; }
.findings li { padding: 16px 18px; background: var(--tint); border-radius: 8px; border-left: 4px solid var(--below); break-inside: avoid; font-size: 15px; line-height: 1.45; }
.findings li.caution { border-left-color: var(--above); }
.findings b { display: block; font-size: 25px; line-height: 1.2; letter-spacing: -0.01em; margin-bottom: 4px; font-variant-numeric: tabular-nums; }
figure { margin: 0 0 44px; break-inside: avoid; }
figure.numbered { counter-increment: figure; }
figure.numbered h3::before { content: "Figure " counter(figure) ". "; color: var(--below); }
figcaption { font-size: 14px; line-height: 1.5; color: var(--soft); margin-top: 8px; max-width: 110ch; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, var(--panel)), 1fr)); gap: 20px 24px; }
.panels.compact { grid-template-columns: repeat(auto-fill, minmax(var(--panel), 1fr)); gap: 8px; }
.panel { min-width: 0; }
.scroll { overflow-x: auto; }
.plot { display: block; max-width: 100%; width: var(--width); min-width: calc(var(--width) * 0.75); height: auto; overflow: visible; font-family: inherit; }
.plot text { white-space: pre; }
.panels.compact .plot { min-width: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 4px 0 8px; padding: 0; list-style: none; font-size: 13px; line-height: 1.4; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: 6px; }
.panel > .legend { gap: 2px 9px; margin: 2px 0 0 42px; font-size: 12px; }
.panel > .legend li { gap: 4px; }
.legend i { flex: none; display: inline-block; width: 13px; height: 13px; border-radius: 2px; background: var(--swatch); }
.legend i.line { width: 14px; height: 3px; }
.legend i.stripes { width: 26px; height: 3px; border-radius: 0; }
.legend i.dashed { width: 18px; height: 0; background: none; border-top: 2px dashed var(--swatch); border-radius: 0; }
.legend i.dotted { width: 18px; height: 0; background: none; border-top: 2px dotted var(--swatch); border-radius: 0; }
.legend i.dot { width: 9px; height: 9px; border-radius: 50%; }
.table.narrow table { width: auto; }
.table.narrow th, .table.narrow td { padding-right: 28px; }
.table { overflow-x: auto; margin-bottom: 12px; }
.table, .scroll { background: linear-gradient(90deg, var(--paper) 30%, transparent) 0 0 / 40px 100% no-repeat local, linear-gradient(270deg, var(--paper) 30%, transparent) 100% 0 / 40px 100% no-repeat local, linear-gradient(90deg, var(--rule), transparent) 0 0 / 12px 100% no-repeat, linear-gradient(270deg, var(--rule), transparent) 100% 0 / 12px 100% no-repeat; }
table { border-collapse: collapse; font-size: 12px; line-height: 1.35; font-variant-numeric: tabular-nums; width: 100%; }
th { text-align: right; font-weight: 600; color: var(--soft); vertical-align: bottom; border-bottom: 1px solid var(--ink); }
td { text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th, td { padding: 4px 7px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.table.names th:nth-child(2), .table.names td:nth-child(2), .table.words th:nth-child(-n+3), .table.words td:nth-child(-n+3) { text-align: left; }
.table.words td:last-child, td.said { white-space: normal; min-width: 14ch; }
th.said, td.said { text-align: left; min-width: 22ch; }
@media (min-width: 601px) { td { white-space: normal; } }
tbody tr:hover { background: var(--tint); }
tr.incomplete td { color: var(--soft); font-style: italic; }
details { margin: 0 0 16px; }
summary { cursor: pointer; font-weight: 600; margin-bottom: 8px; }
.notes { margin: 0; padding-left: 20px; max-width: 95ch; }
.notes li { margin-bottom: 8px; }
footer { margin-top: 56px; padding-top: 14px; border-top: 1px solid var(--rule); font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }
footer p { max-width: none; margin: 0 0 6px; }
@media (max-width: 600px) { body { padding: 24px 16px 40px; } .lede, .answer { font-size: 16px; } .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 8px; } .note, .panel > .legend { margin-left: 0; } th:first-child, td:first-child { position: sticky; left: 0; background: var(--paper); max-width: 40vw; white-space: normal; overflow-wrap: break-word; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } h2, h3, h4, summary, .legend, .panels > .panel > h4 { break-after: avoid; } figcaption, .panel > .legend, .note { break-before: avoid; } .panel, .findings li, .pictures li { break-inside: avoid; } .scroll, .table { overflow: visible; background: none; } .plot { min-width: 0; } table { font-size: 7pt; } th, td { padding: 2px 3px; overflow-wrap: anywhere; } th:first-child, td:first-child { min-width: 8ch; } td { white-space: normal; } tr { break-inside: avoid; } thead { display: table-header-group; } .contents { columns: 2; } }
`;
