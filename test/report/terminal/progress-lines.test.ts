import { describe, expect, it } from 'vitest';
import { createProgressLines } from '../../../src/report/terminal/progress-lines.ts';

const esc = String.fromCharCode(27);
const codes = new RegExp(`${esc}\\[\\d*[AJK]|\\r|\\n|[^${esc}\\r\\n]+`, 'g');

/** What a terminal shows after it was sent `text`: only the codes that progress uses. */
function screen(text: string): string[] {
  const lines = [''];
  let row = 0;
  for (const [part] of text.matchAll(codes)) {
    if (part === '\n') {
      row++;
      lines[row] ??= '';
    } else if (part === '\r') lines[row] = '';
    else if (part.endsWith('A')) row -= Number(part.slice(2, -1));
    else if (part.endsWith('J')) lines.length = row + 1;
    else if (part.endsWith('K')) lines[row] = '';
    else lines[row] += part;
  }
  return lines;
}

function terminal(isTTY: boolean) {
  let text = '';
  let time = 0;
  const progress = createProgressLines({
    stream: { isTTY, columns: 60, write: (part) => (text += part) },
    label: 'study',
    total: 10,
    now: () => (time += 200),
  });
  return { progress, shown: () => screen(text), raw: () => text };
}

describe('progress of several workers', () => {
  it('has a line each below the total, which come and go', () => {
    const { progress, shown } = terminal(true);
    progress.line('a', 'trial 1');
    progress.line('b', 'trial 2');
    progress.update(5, '1 of 3');
    expect(shown().length).toBe(3);
    expect(shown()[0]).toMatch(/^study .* 50 %.* 1 of 3$/);
    expect(shown().slice(1)).toEqual(['  trial 1', '  trial 2']);
    progress.line('a', undefined);
    progress.line('b', 'trial 3');
    expect(shown().slice(1)).toEqual(['  trial 3']);
  });

  it('lets what is said stay above, and leaves nothing else behind', () => {
    const { progress, shown } = terminal(true);
    progress.line('a', 'x'.repeat(100));
    progress.say('note: one');
    progress.update(1, 'detail');
    progress.say('note: two');
    expect(shown().slice(0, 2)).toEqual(['note: one', 'note: two']);
    expect(Math.max(...shown().map((l) => l.length))).toBeLessThan(60);
    progress.finish();
    expect(shown()).toEqual(['note: one', 'note: two', '']);
  });

  it('elsewhere is plain lines', () => {
    const { progress, raw } = terminal(false);
    progress.line('a', 'trial 1');
    progress.say('trial 0: complete');
    progress.update(5);
    expect(raw()).toBe('trial 0: complete\n');
  });
});
