import { FileError } from '../../base/errors.ts';
import { Budget } from '../budget.ts';
import { quote } from '../quote.ts';
import { PickleMachine, type PickleSource } from './pickle-machine.ts';

type Opcode = (m: PickleMachine) => void;

/** The opcodes of protocols 2 to 5 (and the calls of older ones), by their character. */
const opcodes: Readonly<Record<string, Opcode>> = {
  // Framing, stack and memo.
  '\x80': (m) => m.protocol(m.uint(1)),
  '\x95': (m) => m.frame(m.uint(8)),
  '(': (m) => m.mark(),
  '0': (m) => m.pop(),
  '1': (m) => m.popMark(),
  '2': (m) => m.push(m.top()),
  q: (m) => m.memoize(m.uint(1)),
  r: (m) => m.memoize(m.uint(4)),
  '\x94': (m) => m.memoize(),
  h: (m) => m.recall(m.uint(1)),
  j: (m) => m.recall(m.uint(4)),

  // Scalars.
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true),
  '\x89': (m) => m.push(false),
  J: (m) => m.push(m.uint(4) | 0),
  K: (m) => m.push(m.uint(1)),
  M: (m) => m.push(m.uint(2)),
  '\x8a': (m) => m.push(m.integer(m.uint(1))),
  '\x8b': (m) => m.push(m.integer(m.uint(4))),
  G: (m) => m.push(m.float()),
  X: (m) => m.push(m.text(m.uint(4))),
  '\x8c': (m) => m.push(m.text(m.uint(1))),
  '\x8d': (m) => m.push(m.text(m.uint(8))),
  T: (m) => m.push(m.oldText(m.uint(4))),
  U: (m) => m.push(m.oldText(m.uint(1))),
  B: (m) => m.push(m.bytes(m.uint(4))),
  C: (m) => m.push(m.bytes(m.uint(1))),
  '\x8e': (m) => m.push(m.bytes(m.uint(8))),
  '\x96': (m) => m.push(m.bytes(m.uint(8))),

  // Containers.
  ')': (m) => m.list(),
  t: (m) => m.push(m.popMark()),
  '\x85': (m) => m.push(m.popMany(1)),
  '\x86': (m) => m.push(m.popMany(2)),
  '\x87': (m) => m.push(m.popMany(3)),
  ']': (m) => m.list(),
  l: (m) => m.push(m.popMark()),
  a: (m) => m.append([m.pop()]),
  e: (m) => m.append(m.popMark()),
  '}': (m) => m.dict(),
  d: (m) => m.dict(m.popMark()),
  s: (m) => m.setItems(m.popMany(2)),
  u: (m) => m.setItems(m.popMark()),
  '\x8f': (m) => m.set(),
  '\x90': (m) => m.addItems(m.popMark()),
  '\x91': (m) => m.set(m.popMark()),

  // Names and calls: where a pickle would run code.
  c: (m) => m.push(m.global(m.line(), m.line())),
  '\x93': (m) => m.push(m.global(...m.names())),
  R: (m) => m.call(m.popMany(2)),
  '\x81': (m) => m.call(m.popMany(2)),
  '\x92': (m) => m.callWithKeywords(m.popMany(3)),
  i: (m) => m.call([m.global(m.line(), m.line()), m.popMark()]),
  o: (m) => m.callMarked(m.popMark()),
  b: (m) => m.setState(m.popMany(2)),
  P: (m) => m.push(m.persistent(m.line())),
  Q: (m) => m.push(m.persistent(m.pop())),
  '\x82': (m) => m.extension(m.uint(1)),
  '\x83': (m) => m.extension(m.uint(2)),
  '\x84': (m) => m.extension(m.uint(4)),
};

/**
 * A restricted unpickler: a pickle is a program for a stack machine, and Python's runs whatever functions it names.
 * This one knows the opcodes that build plain values (None, bool, int, float, str, bytes, tuple, list, dict, set) and hands
 * every name to its host, which returns a `PickleGlobal` for those that it stands for. All other names are refused.
 *
 * In TypeScript: int is a number, or a bigint beyond 2^53; tuple and list are arrays; dict is a Map; set is a Set. Lists may be shared
 * and changed by a later opcode: whoever keeps one beyond a call copies it.
 *
 * @returns The value, and where in the bytes the pickle ends.
 * @throws FileError for everything that cannot or may not be read.
 */
export function readPickle(source: PickleSource): { value: unknown; end: number } {
  const machine = new PickleMachine(source);
  try {
    machine.begin();
    for (;;) {
      const code = String.fromCharCode(machine.uint(1));
      if (code === '.') return { value: machine.pop(), end: machine.at };
      const opcode = Object.hasOwn(opcodes, code) ? opcodes[code] : undefined;
      if (!opcode) return machine.fail(`pickle is damaged at byte ${machine.at - 1}: unexpected opcode ${quote(code)}`);
      opcode(machine);
    }
  } catch (cause) {
    // A Map holds at most 2^24 entries; only a file made for the purpose asks for more.
    if (cause instanceof RangeError)
      throw new FileError(source.path, 'pickle has too many values to be read', { cause });
    throw cause;
  }
}

/** Memory for the values of the pickle itself, which real files need little of: 32 bytes for each of the file, a gibibyte at most. */
export const valueBudget = (bytes: Uint8Array, path: string) =>
  new Budget(path, Math.min(32 * bytes.length + 2 ** 26, 2 ** 30));
