import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, ProtobufError, type Schema } from '../../../src/onnx/file/protobuf.ts';

interface Everything {
  i?: number;
  f?: number;
  s?: string;
  b?: Uint8Array;
  ints?: ArrayLike<number>;
  longs?: ArrayLike<bigint>;
  floats?: ArrayLike<number>;
  doubles?: ArrayLike<number>;
  texts?: string[];
  inner?: Everything;
  many?: Everything[];
}

const table: Schema<Everything> = {
  i: [1, 'int'],
  f: [2, 'float'],
  s: [3, 'string'],
  b: [4, 'bytes'],
  ints: [5, 'ints'],
  longs: [6, 'int64s'],
  floats: [7, 'floats'],
  doubles: [8, 'doubles'],
  texts: [9, 'strings'],
  inner: [300, 'message', () => table],
  many: [11, 'messages', () => table],
};

const plain = (m: Everything): unknown =>
  Object.fromEntries(
    Object.entries(m).map(([key, v]) => [
      key,
      key === 'inner'
        ? plain(v as Everything)
        : key === 'many'
          ? (v as Everything[]).map(plain)
          : typeof v === 'object'
            ? Array.from(v as ArrayLike<unknown>)
            : v,
    ]),
  );

const { message } = fc.letrec<{ message: Everything }>((tie) => ({
  message: fc.record(
    {
      i: fc.maxSafeInteger(),
      f: fc.float({ noNaN: true }),
      s: fc.string(),
      b: fc.uint8Array({ maxLength: 9 }),
      ints: fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 9 }),
      longs: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1, maxLength: 9 }),
      floats: fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 9 }),
      doubles: fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 9 }),
      texts: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
      inner: tie('message') as fc.Arbitrary<Everything>,
      many: fc.array(tie('message') as fc.Arbitrary<Everything>, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Everything>,
}));

describe('a protobuf message', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(plain(decodeMessage(table, encodeMessage(table, m)))).toEqual(plain(m));
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('has the bytes that the format says: 150 in field 1 is 08 96 01', () => {
    expect([...encodeMessage(table, { i: 150 })]).toEqual([0x08, 0x96, 0x01]);
    expect(decodeMessage(table, Uint8Array.of(0x08, 0x96, 0x01))).toEqual({ i: 150 });
    // -1 has ten bytes.
    expect([...encodeMessage(table, { i: -1 })]).toEqual([0x08, ...Array(9).fill(0xff), 0x01]);
    expect(decodeMessage(table, encodeMessage(table, { i: -1 }))).toEqual({ i: -1 });
  });

  it('may have lists that are not packed, and fields that the table does not have', () => {
    const bytes = Uint8Array.of(0x28, 3, 0x28, 4, 0x7a, 2, 1, 2, 0x2a, 1, 5);
    expect(Array.from(decodeMessage(table, bytes).ints!)).toEqual([3, 4, 5]);
  });

  it('of any bytes is read or refused, with memory in proportion to them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeMessage(table, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError);
        }
      }),
      { numRuns: 2000, seed: 4 },
    );
  });

  it.each([
    ['says that it is longer than the file', Uint8Array.of(0x22, 0xff, 0xff, 0xff, 0xff, 0x0f), /longer than/],
    ['has a number of eleven bytes', Uint8Array.of(0x08, ...Array(11).fill(0xff)), /more than ten bytes/],
    ['has a wire type that is no more', Uint8Array.of(0x7b), /wire type 3/],
    ['ends inside of a number', Uint8Array.of(0x08, 0x80), /cut off/],
  ])('is refused where it %s', (_, bytes, problem) => {
    expect(() => decodeMessage(table, bytes)).toThrow(problem);
  });

  it('is refused where it is nested without end', () => {
    let m: Everything = {};
    for (let i = 0; i < 100; i++) m = { inner: m };
    expect(() => decodeMessage(table, encodeMessage(table, m))).toThrow(/nested more than 64 deep/);
  });
});
