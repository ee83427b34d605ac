import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError, UsageError } from '../../../src/base/errors.ts';
import { loadText } from '../../../src/data/load-text.ts';
import { batchify, noTarget, windowCount, windowInto } from '../../../src/data/streams.ts';
import { realData } from '../../support/real-data.ts';

const ptb = realData('ptb');
const wikitext = realData('wikitext-2');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-text-'));
  return () => rm(dir, { recursive: true });
});

async function put(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
}

const spelled = ({ tokens, vocabulary }: { tokens: Int32Array; vocabulary: readonly string[] }) =>
  [...tokens].map((token) => vocabulary[token]).join(' ');

describe('the Penn Treebank', () => {
  it.skipIf(!ptb)('has the published numbers of tokens and 10,000 words', async () => {
    const train = await loadText({ name: 'ptb', dir: ptb!, split: 'train' });
    expect([train.tokens.length, train.vocabulary.length]).toEqual([929_589, 10_000]);
    expect(spelled({ ...train, tokens: train.tokens.subarray(0, 3) })).toBe('aer banknote berlitz');
    for (const [split, count] of [
      ['valid', 73_760],
      ['test', 82_430],
    ] as const) {
      const text = await loadText({ name: 'ptb', dir: ptb!, split, vocabulary: train.vocabulary });
      expect(text.tokens.length).toBe(count);
    }
  });
});

describe('WikiText-2', () => {
  it.skipIf(!wikitext)('has the published numbers of tokens and 33,278 words, also in its parent folder', async () => {
    const train = await loadText({ name: 'wikitext2', dir: wikitext!, split: 'train' });
    expect([train.tokens.length, train.vocabulary.length]).toEqual([2_088_628, 33_278]);
    for (const [split, count] of [
      ['valid', 217_646],
      ['test', 245_569],
    ] as const) {
      const text = await loadText({
        name: 'wikitext2',
        dir: join(wikitext!, '..'),
        split,
        vocabulary: train.vocabulary,
      });
      expect(text.tokens.length).toBe(count);
    }
  });
});

describe('a text', () => {
  it('has its words in the order they first come in training, <eos> after each line, and <unk> for unseen words', async () => {
    await put({ 'train.txt': ' b a  b\n\nc', 'valid.txt': 'c d\r\na\n', 'test.txt': 'a' });
    const train = await loadText({ name: 'text', dir, split: 'train' });
    expect(train.vocabulary).toEqual(['b', 'a', '<eos>', 'c', '<unk>']);
    expect(spelled(train)).toBe('b a b <eos> <eos> c <eos>');
    expect(spelled(await loadText({ name: 'text', dir, split: 'valid' }))).toBe('c <unk> <eos> a <eos>');
  });

  it('cut to a vocabulary keeps the most frequent words', async () => {
    await put({ 'train.txt': 'c b b a a a\n', 'valid.txt': 'a b c', 'test.txt': 'a' });
    const cut = await loadText({ name: 'text', dir, split: 'train', vocabularySize: 4 });
    expect(cut.vocabulary).toEqual(['b', 'a', '<eos>', '<unk>']);
    expect(spelled(cut)).toBe('<unk> b b a a a <eos>');
    await expect(loadText({ name: 'text', dir, split: 'train', vocabularySize: 2 })).rejects.toThrow(UsageError);
  });

  it('in one file is divided by lines: 90, 5 and 5 percent, together the whole', async () => {
    await put({ 'all.txt': Array.from({ length: 40 }, (_, i) => `w${i}\n`).join('') });
    const parts = await Promise.all(
      (['train', 'valid', 'test'] as const).map((split) =>
        loadText({
          name: 'text',
          dir: join(dir, 'all.txt'),
          split,
          vocabulary: [...Array(40).keys()].map((i) => `w${i}`).concat('<eos>'),
        }),
      ),
    );
    expect(parts.map((part) => part.tokens.length)).toEqual([72, 4, 4]);
    expect(parts.flatMap((part) => [...part.tokens]).filter((t) => t !== 40)).toEqual([...Array(40).keys()]);
    await put({ 'few.txt': 'a\nb\n' });
    await expect(loadText({ name: 'text', dir: join(dir, 'few.txt'), split: 'train' })).rejects.toThrow('has 2 lines');
  });

  it('with an unseen word and no <unk> is refused, saying which word and where', async () => {
    await put({ 'ptb.train.txt': 'a b\n', 'ptb.valid.txt': 'a zebra\n' });
    await expect(loadText({ name: 'ptb', dir, split: 'valid' })).rejects.toThrow(
      new FileError(
        join(dir, 'ptb.valid.txt'),
        'has the word "zebra", which the vocabulary lacks, and there is no <unk> to stand for it',
      ),
    );
  });

  it('that is missing, empty, or no text is refused by name', async () => {
    await expect(loadText({ name: 'ptb', dir, split: 'test' })).rejects.toThrow(
      `${dir}: has no ptb.test.txt; expected`,
    );
    await put({ 'train.txt': '', 'valid.txt': Uint8Array.of(0xff, 0xfe, 0xfd) });
    await expect(loadText({ name: 'text', dir, split: 'train' })).rejects.toThrow('train.txt: has no words');
    await expect(loadText({ name: 'text', dir, split: 'valid' })).rejects.toThrow('valid.txt: is not UTF-8 text');
    await mkdir(join(dir, 'test.txt'));
    await expect(loadText({ name: 'text', dir, split: 'test' })).rejects.toThrow('test.txt: is a folder');
    await expect(loadText({ name: 'text', split: 'test' })).rejects.toThrow('needs a folder or file');
    await expect(loadText({ name: 'ptb2', dir, split: 'test' })).rejects.toThrow(
      'unknown text "ptb2"; expected ptb, wikitext2, text, grammar',
    );
  });
});

describe('streams for truncated back-propagation', () => {
  it('give every token of each stream once as input and the one after it as target, in order', () => {
    const sizes = [
      fc.integer({ min: 2, max: 200 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 12 }),
    ] as const;
    fc.assert(
      fc.property(...sizes, fc.boolean(), (count, batch, steps, tail) => {
        fc.pre(count >= 2 * batch);
        const tokens = Int32Array.from({ length: count }, (_, i) => i + 1);
        const streams = batchify(tokens, batch);
        const length = Math.floor(count / batch);
        expect([streams.length, streams.tokens.length]).toEqual([length, batch * length]);
        const [inputs, targets] = [new Int32Array(batch * steps), new Int32Array(batch * steps)];
        const seen: number[][] = Array.from({ length: batch }, () => []);
        let counted = 0;
        const windows = windowCount(streams, steps, { tail });
        for (let w = 0; w < windows; w++) {
          counted += windowInto(streams, steps, w, inputs, targets);
          targets.forEach((target, i) => {
            if (target === noTarget) expect(inputs[i]).toBe(0);
            else {
              expect(target).toBe(inputs[i]! + 1);
              seen[Math.floor(i / steps)]!.push(target);
            }
          });
        }
        const perStream = tail ? length - 1 : Math.floor((length - 1) / steps) * steps;
        expect(counted).toBe(batch * perStream);
        seen.forEach((list, b) => {
          expect(list).toEqual(Array.from({ length: perStream }, (_, i) => b * length + i + 2));
        });
      }),
    );
  });

  it('refuse a text that is too short, windows that do not exist, and no whole numbers', () => {
    const tokens = new Int32Array(10);
    expect(() => batchify(tokens, 6)).toThrow('a text of 10 tokens cannot be cut into 6 streams');
    for (const batch of [0, -1, 1.5]) expect(() => batchify(tokens, batch)).toThrow(UsageError);
    const streams = batchify(tokens, 2);
    expect(() => windowCount(streams, 0)).toThrow(UsageError);
    expect(() => windowInto(streams, 2, 2, new Int32Array(4), new Int32Array(4))).toThrow('windows 0 to 1');
    expect(() => windowInto(streams, 2, 0, new Int32Array(3), new Int32Array(4))).toThrow(RangeError);
  });
});
