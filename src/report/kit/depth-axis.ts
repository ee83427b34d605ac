import * as Plot from '@observablehq/plot';
import type { UnitGroup } from '../stability/spectrum/spectrum-rows.ts';

/** The axis "unit, in the network's order" that all figures against depth share. */
export interface DepthAxis {
  readonly marks: readonly Plot.Markish[];
  readonly x: Plot.ScaleOptions;
  readonly marginBottom: number;
}

/** Points of neighbouring units, in the order of depth: a line is drawn through each run, none through a unit that has no point. */
export function runsOf<P extends { readonly depth: number }>(points: readonly P[]): P[][] {
  const runs: P[][] = [];
  for (const point of points) {
    const last = runs.at(-1);
    if (last && point.depth - last.at(-1)!.depth <= 1) last.push(point);
    else runs.push([point]);
  }
  return runs;
}

/** Width in pixels of a bar figure over `units` units: as wide as the page, but no bar wider than a thumb. */
export function barFigureWidth(units: number): number {
  return Math.min(1096, Math.max(300, 50 + 64 * units));
}

/** Ticks are short names (`4` of `layer3.4`); every other group has a tinted ground and its name stands below. */
export function depthAxis(groups: readonly UnitGroup[]): DepthAxis {
  const units = groups.flatMap((g) => g.units);
  const shortOf = new Map(units.map((u) => [u.depth, u.short]));
  const longest = Math.max(...units.map((u) => u.short.length));
  const step = Math.ceil(units.length / (longest > 2 ? 27 : 40));
  const turned = longest > 3;
  const ends = groups.map((g) => ({ name: g.name, from: g.units[0]!.depth - 0.5, to: g.units.at(-1)!.depth + 0.5 }));
  const height = turned ? 18 + 5.5 * Math.min(longest, 16) : 20;
  const named = ends.some((g) => g.name !== '');
  return {
    x: { type: 'linear', domain: [-0.5, Math.max(0.5, units.length - 0.5)], label: null },
    marginBottom: height + (named ? 30 : 22),
    marks: [
      Plot.rect(
        ends.filter((_, i) => i % 2 === 1),
        { x1: 'from', x2: 'to', fill: 'currentColor', fillOpacity: 0.05 },
      ),
      Plot.axisX({
        ticks: units.filter((u) => u.depth % step === 0).map((u) => u.depth),
        tickFormat: (d: number) => {
          const name = shortOf.get(d) ?? '';
          return name.length > 16 ? `${name.slice(0, 15)}…` : name;
        },
        tickSize: 3,
        label: null,
        ...(turned ? { tickRotate: -55 } : {}),
      }),
      Plot.text(named ? ends : [{ name: 'unit, in the network’s order', from: -0.5, to: units.length - 0.5 }], {
        x: (g: { from: number; to: number }) => (g.from + g.to) / 2,
        text: (g: { name: string }) => (g.name.length > 20 ? `${g.name.slice(0, 19)}…` : g.name),
        frameAnchor: 'bottom',
        dy: height + 16,
        fontWeight: 600,
        fill: 'currentColor',
      }),
    ],
  };
}
