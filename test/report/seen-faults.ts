/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/// <reference lib="dom.asynciterable" />
/**
 * What is wrong with a page as a browser shows it. The function runs inside the page: it may use nothing from outside of itself.
 *
 * Data marks stay within their axes, labels and ticks within their drawing, tick labels apart; legends tell all series apart and name every line; lines,
 * dots and bars have 3:1 and text 4.5:1 against what is behind them; nothing makes the page wider than the screen.
 */
export function seenFaults(): string[] {
  type Color = readonly [number, number, number, number];
  const faults: string[] = [];
  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true })!;
  const known = new Map<string, Color>();
  const colorOf = (css: string): Color => {
    const before = known.get(css);
    if (before) return before;
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = css;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data as unknown as number[];
    const color: Color = [r!, g!, b!, a! / 255];
    known.set(css, color);
    return color;
  };
  const over = (front: Color, alpha: number, back: Color): Color => {
    const a = front[3] * alpha;
    return [0, 1, 2].map((i) => front[i]! * a + back[i]! * (1 - a)).concat(1) as unknown as Color;
  };
  const luminance = (c: Color) => {
    const [r, g, b] = [0, 1, 2].map((i) => {
      const v = c[i]! / 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: Color, b: Color) => {
    const [x, y] = [luminance(a), luminance(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const shortly = (text: string) => text.trim().replace(/\s+/g, ' ').slice(0, 40);
  const backgrounds = new Map<Element, Color>();
  const backgroundOf = (element: Element | null): Color => {
    if (!element) return [255, 255, 255, 1];
    const before = backgrounds.get(element);
    if (before) return before;
    const own = colorOf(getComputedStyle(element).backgroundColor);
    const color = own[3] > 0.99 ? own : backgroundOf(element.parentElement);
    backgrounds.set(element, color);
    return color;
  };
  const swatchOf = (key: Element) => colorOf(getComputedStyle(key).getPropertyValue('--swatch').trim());
  const opacityOf = (element: Element, kind: 'fillOpacity' | 'strokeOpacity') => {
    const style = getComputedStyle(element);
    return Number(style[kind]) * Number(style.opacity);
  };

  // The page as a whole.
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth + 1)
    faults.push(`the page is ${root.scrollWidth} wide on ${window.innerWidth}`);

  // On a screen that is wide enough a table needs no scrolling; on a phone it scrolls, with its first column in place.
  if (window.innerWidth >= 1280)
    for (const table of document.querySelectorAll('.table, .scroll'))
      if (table.scrollWidth > table.clientWidth + 1)
        faults.push(`"${shortly(table.textContent ?? '')}" is ${table.scrollWidth} wide on ${table.clientWidth}`);

  // Text outside of drawings.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set<Element>();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement!;
    if (node.textContent!.trim() === '' || seen.has(parent) || parent.closest('svg, style')) continue;
    seen.add(parent);
    const style = getComputedStyle(parent);
    const found = contrast(over(colorOf(style.color), 1, backgroundOf(parent)), backgroundOf(parent));
    if (found < 4.5) faults.push(`text "${shortly(node.textContent!)}" has ${found.toFixed(1)}:1`);
  }

  for (const svg of document.querySelectorAll<SVGSVGElement>('svg.plot')) {
    const figure = svg.closest('figure');
    const name = `${shortly(figure?.querySelector('h3')?.textContent ?? '')} | ${svg.getAttribute('aria-label')}`;
    const say = (what: string) => faults.push(`${name}: ${what}`);
    const outer = svg.getBoundingClientRect();
    if (outer.width === 0) continue;
    const scale = outer.width / Number(svg.getAttribute('width'));
    const paper = backgroundOf(svg);
    const [left, top, right, bottom] = (svg.dataset.frame?.split(' ') ?? []).map(Number);
    const rects = [...svg.querySelectorAll('rect')].map((rect) => ({
      box: rect.getBoundingClientRect(),
      fill: colorOf(getComputedStyle(rect).fill),
      opacity: opacityOf(rect, 'fillOpacity'),
    }));
    const isOfAxis = (label: string) => /axis|grid|tick/.test(label);
    const labelOf = (element: Element) => element.closest('g[aria-label]')?.getAttribute('aria-label') ?? '';
    const strokes = new Set<string>();
    for (const element of svg.querySelectorAll<SVGGraphicsElement>('path, circle, rect, line, text')) {
      if (element.closest('defs, clipPath')) continue;
      const box = element.getBoundingClientRect();
      const label = labelOf(element);
      const tag = element.tagName;
      const what = `${label || tag} ${tag === 'text' ? `"${element.textContent}"` : ''}`.trim();
      const beyond = Math.max(
        outer.left - box.left,
        outer.top - box.top,
        box.right - outer.right,
        box.bottom - outer.bottom,
      );
      if (beyond > 1.5 && (tag !== 'text' || element.textContent !== ''))
        say(`${what} leaves the drawing by ${beyond.toFixed(1)} px`);
      const style = getComputedStyle(element);
      const grid = label.includes('grid');
      if (tag === 'text') {
        if (element.textContent === '') continue;
        const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
        let behind = paper;
        for (const { box: r, fill, opacity } of rects)
          if (x > r.left && x < r.right && y > r.top && y < r.bottom) behind = over(fill, opacity, behind);
        const found = contrast(over(colorOf(style.fill), opacityOf(element, 'fillOpacity'), behind), behind);
        if (found < 4.5) say(`${what} has ${found.toFixed(1)}:1`);
        continue;
      }
      const data = !isOfAxis(label) && label !== '';
      if (data && right !== undefined) {
        const dot = label === 'dot';
        const [x0, x1] = [box.left, box.right].map((x) => (x - outer.left) / scale) as [number, number];
        const [y0, y1] = [box.top, box.bottom].map((y) => (y - outer.top) / scale) as [number, number];
        const out = dot
          ? Math.max(left! - (x0 + x1) / 2, (x0 + x1) / 2 - right, top! - (y0 + y1) / 2, (y0 + y1) / 2 - bottom!) - 6
          : Math.max(left! - x0, x1 - right, top! - y0, y1 - bottom!);
        if (out > 1.5) say(`${what} leaves the axes by ${out.toFixed(1)} px`);
      }
      if (grid) continue;
      // Cells of colour scales are not told apart from the page but from each other.
      if (style.shapeRendering === 'crispedges') continue;
      const stroke = style.stroke !== 'none' && Number.parseFloat(style.strokeWidth) > 0;
      if (stroke) {
        const front = over(colorOf(style.stroke), opacityOf(element, 'strokeOpacity'), paper);
        const found = contrast(front, paper);
        // In the colour of the paper it is a halo around something else.
        if (found < 3 && found > 1) say(`${what} has a stroke of ${found.toFixed(1)}:1`);
        if (label === 'line') strokes.add(style.stroke);
      }
      if (!stroke && (label === 'dot' || (label === 'rect' && opacityOf(element, 'fillOpacity') === 1))) {
        const found = contrast(over(colorOf(style.fill), opacityOf(element, 'fillOpacity'), paper), paper);
        if (found < 3) say(`${what} is filled with ${found.toFixed(1)}:1`);
      }
    }
    const heights = [...svg.querySelectorAll('g[aria-label="y-axis tick label"] text')].map((t) => t.textContent!);
    const twice = heights.find((text, i) => text !== '' && heights.indexOf(text) < i);
    if (twice !== undefined) say(`two ticks are called "${twice}"`);
    for (const axis of svg.querySelectorAll('g[aria-label$="tick label"]')) {
      const labels = [...axis.querySelectorAll('text')].filter(
        (t) => t.textContent !== '' && !/rotate/.test(t.getAttribute('transform') ?? ''),
      );
      const boxes = labels.map((t) => t.getBoundingClientRect());
      boxes.forEach((a, i) => {
        const hit = boxes.findIndex(
          (b, j) =>
            j > i && a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 2 && b.top < a.bottom - 2,
        );
        if (hit >= 0) say(`tick labels "${labels[i]!.textContent}" and "${labels[hit]!.textContent}" overlap`);
      });
    }
    const texts = [...svg.querySelectorAll('g[aria-label="text"] text')].filter((t) => t.textContent !== '');
    const places = texts.map((t) => t.getBoundingClientRect());
    places.forEach((a, i) => {
      const hit = places.findIndex(
        (b, j) => j > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3,
      );
      if (hit >= 0) say(`labels "${texts[i]!.textContent}" and "${texts[hit]!.textContent}" overlap`);
    });
    // What the legends of the panel and of its figure say of lines.
    const keys = [
      ...(svg.closest('.panel')?.querySelectorAll('.legend i') ?? []),
      ...(figure?.querySelectorAll(':scope > .legend i') ?? []),
    ];
    const swatch = (key: Element) => {
      const style = getComputedStyle(key);
      return key.className === 'dashed' || key.className === 'dotted' || key.className.startsWith('dashes')
        ? style.borderTopColor
        : style.backgroundColor;
    };
    const colors = new Set(keys.map(swatch));
    if (keys.length > 0) for (const color of strokes) if (!colors.has(color)) say(`a line of ${color} is in no legend`);
  }

  for (const legend of document.querySelectorAll('.legend')) {
    const taken = new Map<string, string>();
    for (const item of legend.querySelectorAll('li')) {
      const key = item.querySelector<HTMLElement>('i')!;
      const pattern = key.className === 'stripes' ? key.style.background : '';
      const look = [key.className, String(swatchOf(key)), pattern].join(' ');
      const other = taken.get(look);
      if (other !== undefined) faults.push(`"${shortly(other)}" and "${shortly(item.textContent ?? '')}" look alike`);
      taken.set(look, item.textContent ?? '');
      const found = contrast(swatchOf(key), backgroundOf(item));
      if (found < 3) faults.push(`legend "${shortly(item.textContent ?? '')}" has ${found.toFixed(1)}:1`);
    }
  }
  return [...new Set(faults)];
}
