import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadData } from '../../../src/data/index.ts';
import { tokenize } from '../../../src/data/sets/tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A byte-level BPE as GPT-2 has one, with merges for "the" and " the"; `changed` are other parts of the file. */
function tokenizerFile(name: string, changed: Record<string, unknown> = {}): string {
  const tokens = ['t', 'h', 'e', 'c', 'a', 'Ġ', 'Ċ', 'th', 'the', 'Ġthe'];
  const path = join(folder, name);
  const model = {
    type: 'BPE',
    vocab: Object.fromEntries(tokens.map((token, i) => [token, i])),
    merges: ['t h', 'th e', 'Ġ the'],
  };
  const pretokenizer = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const added = [{ id: 12, content: '<end>', special: true, normalized: false }];
  const file = {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: pretokenizer,
    model,
    ...changed,
  };
  writeFileSync(path, JSON.stringify({ post_processor: null, decoder: null, ...file }));
  return path;
}

describe('a text by a tokenizer of its own', () => {
  it('is numbered as the merges say', async () => {
    const { tokens, vocabulary } = await tokenize(tokenizerFile('a.json'), 'the the cathe\n<end>the');
    // "the", " the", " " "c" "a" "the" (no merge joins them), a line's end, the added token, "the".
    expect([...tokens]).toEqual([8, 9, 5, 3, 4, 8, 6, 12, 8]);
    expect(vocabulary).toHaveLength(13);
    expect(vocabulary.slice(8)).toEqual(['the', 'Ġthe', '<10>', '<11>', '<end>']);
  });

  it('is a data set: one file as a whole, a folder by its splits', async () => {
    const tokenizer = tokenizerFile('b.json');
    const page = join(folder, 'page.txt');
    writeFileSync(page, 'the the');
    const whole = await loadData({ name: 'text', dir: page, split: 'test', tokenizer });
    expect(whole).toMatchObject({ name: 'text', split: 'test', tokenizer, tokens: Int32Array.of(8, 9) });
    writeFileSync(join(folder, 'test.txt'), 'cat');
    await expect(loadData({ name: 'text', dir: folder, split: 'test', tokenizer })).resolves.toMatchObject({
      tokens: Int32Array.of(3, 4, 0),
    });
  });

  it('is refused for data that are none', async () => {
    const tokenizer = tokenizerFile('c.json');
    await expect(loadData({ name: 'shapes', split: 'test', tokenizer })).rejects.toThrow(/tokenizer: goes with a text/);
    await expect(loadData({ name: 'grammar', split: 'test', tokenizer })).rejects.toThrow(
      /tokenizer: goes with a text/,
    );
  });
});

describe('a file that is no tokenizer is told in one line:', () => {
  it.each([
    ['no JSON', '{', /Expected property name/],
    ['no model', '{}', /expected tokenizer\.json/],
    ['an unknown model', JSON.stringify({ model: { type: 'Telepathy', vocab: {} } }), /expected tokenizer\.json/],
    ['a list', '[]', /expected tokenizer\.json/],
  ])('%s', async (_, text, message) => {
    const path = join(folder, 'wrong.json');
    writeFileSync(path, text);
    await expect(tokenize(path, 'the')).rejects.toThrow(message);
    await expect(tokenize(path, 'the')).rejects.toThrow(/^[^\n]*wrong\.json: [^\n]*$/);
  });

  it('a regular expression that does not come to an end', async () => {
    const pattern = { Regex: '(a+)+$' };
    const pretokenizer = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
    const path = tokenizerFile('endless.json', { pre_tokenizer: pretokenizer });
    await expect(tokenize(path, `${'a'.repeat(40)}c`, 1)).rejects.toThrow(/takes more than 1 s; expected/);
  });

  it('replacements that would fill the memory', async () => {
    const grows = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(1000) };
    const path = tokenizerFile('large.json', { normalizer: { type: 'Sequence', normalizers: [grows, grows, grows] } });
    await expect(tokenize(path, 'a')).rejects.toThrow(/memory|string length|call stack/i);
  });
});
