import { describe, expect, it } from 'vitest';
import { guarded, guardOutput } from '../../../src/cli/terminal/guarded-output.ts';

const hostile = 'a\u001b]0;title\u0007b\u009b31mc\u007fd\u202ee\u2028f\u{e0001}g\ud800';
const shown = 'a\\u001b]0;title\\u0007b\\u009b31mc\\u007fd\\u202ee\\u2028f\\udb40\\udc01g\\ud800';

describe('what is written to a stream', () => {
  it('has no control or invisible character of a file in it, to a terminal or not', () => {
    for (const terminal of [true, false]) expect(guarded(hostile, terminal)).toBe(shown);
  });

  it('keeps lines and tabs, and on a terminal the colours and the progress of the program', () => {
    const own = '\r\u001b[2K\u001b[31mred\u001b[0m\t1\n\u001b[3A\u001b[0J';
    expect(guarded(own, true)).toBe(own);
    expect(guarded(own, false)).toBe('\\r\\u001b[2K\\u001b[31mred\\u001b[0m\t1\n\\u001b[3A\\u001b[0J');
  });

  it('stays the same JSON', () => {
    const value = { [hostile]: ['\n\t\r', hostile] };
    expect(JSON.parse(guarded(`${JSON.stringify(value)}\n`, false))).toEqual(value);
  });

  it('is text; bytes pass as they are', () => {
    const written: unknown[] = [];
    const stream = { isTTY: false, write: (...args: unknown[]) => written.push(...args) > 0 };
    guardOutput(stream);
    const bytes = Uint8Array.of(27);
    (stream.write as (...args: unknown[]) => boolean)('\u001b', 'utf8');
    (stream.write as (...args: unknown[]) => boolean)(bytes);
    expect(written).toEqual(['\\u001b', 'utf8', bytes]);
  });
});
