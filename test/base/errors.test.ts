import { describe, expect, it } from 'vitest';
import { FileError, InputError } from '../../src/base/errors.ts';

describe('what a file or a request brought along', () => {
  it.each([
    ['FileError', new FileError('a.json', 'unrecognized key "\r\n\u001b[2J\u202e"').message],
    ['InputError', new InputError('model', 'unknown model "\r\n\u001b[2J\u202e"').message],
  ])('stays on the one line of a %s', (_, message) => {
    expect(message).toMatch(/"\\r\\n\\u001b\[2J\\u202e"$/);
  });
});
