import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withRoom } from '../../../src/report/kit/label-room.ts';

describe('labels', () => {
  it('keep the first of those that lie on one another', () => {
    const labels = [
      { x: 0, y: 0, text: '256' },
      { x: 15, y: 5, text: '128' },
      { x: 25, y: 5, text: '64' },
      { x: 0, y: 14, text: '8' },
    ];
    expect(withRoom(labels).map((l) => l.text)).toEqual(['256', '64', '8']);
  });

  it('that are left out each meet one that is drawn, and those that are drawn meet none', () => {
    const label = fc.record({
      x: fc.integer({ min: 0, max: 200 }),
      y: fc.integer({ min: 0, max: 60 }),
      text: fc.constantFrom('8', '1,024'),
    });
    fc.assert(
      fc.property(fc.array(label, { maxLength: 20 }), (labels) => {
        const kept = withRoom(labels);
        for (const one of kept) expect(withRoom(kept.filter((l) => l !== one).concat(one))).toHaveLength(kept.length);
        for (const left of labels.filter((l) => !kept.includes(l)))
          expect(withRoom([...kept, left])).toHaveLength(kept.length);
      }),
    );
  });
});
