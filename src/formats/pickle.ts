import { FileError } from '../errors.ts';
import type { Budget } from './budget.ts';
import { quote } from './quote.ts';

/**
 * A restricted unpickler: a pickle is a program for a stack machine, and Python's runs whatever functions it names.
 * This one knows the opcodes that build plain values (None, bool, int, float, str, bytes, tuple, list, dict, set) and hands
 * every name to its host, which returns a `PickleGlobal` for the few that it stands for. All other names are refused.
 *
 * In TypeScript: int is a number, or a bigint beyond 2^53; tuple and list are arrays; dict is a Map; set is a Set.
 */
export class PickleGlobal {
  readonly name: string;
  /** What stands for calling it, if it may be called. */
  readonly call: ((args: readonly unknown[], budget: Budget) => unknown) | undefined;

  constructor(name: string, call?: (args: readonly unknown[], budget: Budget) => unknown) {
    this.name = name;
    this.call = call;
  }
}

export interface PickleHost {
  /** What `module.name` stands for; undefined refuses it. */
  global(name: string): PickleGlobal | undefined;
  /** The value of a persistent id; undefined refuses it. */
  persistent(id: unknown): unknown;
  /** What a byte string of Python 2 stands for: UTF-8 text unless told. */
  oldText?(bytes: Uint8Array): unknown;
  /** Gives a value of the host's own making its state; false refuses it. */
  build?(target: unknown, state: unknown): boolean;
}

/** Longest integer that is read, in bytes: the magic number of PyTorch's files has 10. */
const maxInteger = 256;

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
  ')': (m) => m.push([]),
  t: (m) => m.push(m.popMark()),
  '\x85': (m) => m.push(m.popMany(1)),
  '\x86': (m) => m.push(m.popMany(2)),
  '\x87': (m) => m.push(m.popMany(3)),
  ']': (m) => m.push([]),
  l: (m) => m.push(m.popMark()),
  a: (m) => m.append([m.pop()]),
  e: (m) => m.append(m.popMark()),
  '}': (m) => m.push(new Map()),
  d: (m) => m.dict(m.popMark()),
  s: (m) => m.setItems(m.popMany(2)),
  u: (m) => m.setItems(m.popMark()),
  '\x8f': (m) => m.push(new Set()),
  '\x90': (m) => m.addItems(m.popMark()),
  '\x91': (m) => m.push(new Set(m.popMark())),

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

export interface PickleSource {
  readonly bytes: Uint8Array;
  /** Where the pickle begins; 0 unless told. */
  readonly start?: number;
  /** Opens the messages. */
  readonly path: string;
  readonly host: PickleHost;
  readonly budget: Budget;
}

/** Reads one pickle: its value, and where in the bytes it ends. Throws FileError for everything that it cannot or may not read. */
export function readPickle(source: PickleSource): { value: unknown; end: number } {
  try {
    return new PickleMachine(source).run();
  } catch (cause) {
    // A Map holds at most 2^24 entries; only a file made for the purpose asks for more.
    if (cause instanceof RangeError)
      throw new FileError(source.path, 'pickle has too many values to be read', { cause });
    throw cause;
  }
}

class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  readonly #host: PickleHost;
  readonly #budget: Budget;
  readonly #memo = new Map<number, unknown>();
  readonly #outer: unknown[][] = [];
  #stack: unknown[] = [];
  #at: number;

  constructor({ bytes, start = 0, path, host, budget }: PickleSource) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#path = path;
    this.#host = host;
    this.#budget = budget;
  }

  run(): { value: unknown; end: number } {
    if (this.#bytes[this.#at] !== 0x80) this.fail(`expected a pickle at byte ${this.#at}`);
    for (;;) {
      const code = String.fromCharCode(this.uint(1));
      if (code === '.') return { value: this.pop(), end: this.#at };
      const opcode = Object.hasOwn(opcodes, code) ? opcodes[code] : undefined;
      if (!opcode) return this.fail(`pickle is damaged at byte ${this.#at - 1}: unexpected opcode ${quote(code)}`);
      opcode(this);
    }
  }

  fail(problem: string): never {
    throw new FileError(this.#path, problem);
  }

  /** Takes the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    if (!(end <= this.#bytes.length)) {
      this.fail(
        `truncated: the pickle needs ${count} bytes from byte ${this.#at}, the file ends at ${this.#bytes.length}`,
      );
    }
    this.#at = end;
    return this.#bytes.subarray(end - count, end);
  }

  /** The next `width` bytes as an unsigned little-endian integer. */
  uint(width: 1 | 2 | 4 | 8): number {
    this.bytes(width);
    const at = this.#at - width;
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    return width === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  /** Two's complement, little-endian, of `count` bytes. */
  integer(count: number): number | bigint {
    if (count > maxInteger) this.fail(`pickle holds an integer of ${count} bytes; at most ${maxInteger} are read`);
    const digits = Buffer.from(this.bytes(count)).reverse().toString('hex');
    const value = BigInt.asIntN(8 * count, BigInt(`0x${digits || '0'}`));
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  float(): number {
    this.bytes(8);
    return this.#view.getFloat64(this.#at - 8, false);
  }

  text(count: number): string {
    const { buffer, byteOffset, byteLength } = this.bytes(count);
    return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
  }

  oldText(count: number): unknown {
    return this.#host.oldText ? this.#host.oldText(this.bytes(count)) : this.text(count);
  }

  line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) this.fail(`truncated: the pickle ends inside a name at byte ${this.#at}`);
    const text = this.text(end - this.#at);
    this.#at++;
    return text;
  }

  protocol(version: number): void {
    if (version > 5) this.fail(`pickle protocol ${version} is not known; expected 2 to 5`);
  }

  frame(length: number): void {
    if (!(this.#at + length <= this.#bytes.length)) {
      this.fail(
        `truncated: a pickle frame of ${length} bytes at byte ${this.#at}, the file ends at ${this.#bytes.length}`,
      );
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length === 0) this.malformed('takes from an empty stack');
    return this.#stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  popMany(count: number): unknown[] {
    if (this.#stack.length < count) this.malformed('takes from an empty stack');
    return this.#stack.splice(this.#stack.length - count);
  }

  mark(): void {
    this.#outer.push(this.#stack);
    this.#stack = [];
  }

  /** Everything since the last mark. */
  popMark(): unknown[] {
    const items = this.#stack;
    this.#stack = this.#outer.pop() ?? this.malformed('has no mark');
    return items;
  }

  memoize(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.malformed(`recalls memo ${index}, which was not set`);
    this.push(this.#memo.get(index));
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) this.malformed('appends to something that is not a list');
    for (const item of items) list.push(item);
  }

  addItems(items: readonly unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) this.malformed('adds to something that is not a set');
    for (const item of items) set.add(item);
  }

  dict(items: readonly unknown[]): void {
    this.push(new Map());
    this.setItems(items);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) this.malformed('sets an item of something that is not a dict');
    if (items.length % 2) this.malformed('has a key without a value');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  names(): [string, string] {
    const [module, name] = this.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') return this.malformed('names something by no name');
    return [module, name];
  }

  global(module: string, name: string): PickleGlobal {
    const full = `${module}.${name}`;
    return this.#host.global(full) ?? this.refuse(full);
  }

  call([callee, args]: readonly unknown[]): void {
    if (!(callee instanceof PickleGlobal) || !Array.isArray(args))
      this.malformed('calls something that is no function');
    if (!callee.call) this.refuse(callee.name);
    const value = callee.call(args, this.#budget);
    if (value === undefined) this.malformed(`calls ${callee.name} with arguments that do not fit it`);
    this.push(value);
  }

  callWithKeywords([callee, args, keywords]: readonly unknown[]): void {
    if (!(keywords instanceof Map) || keywords.size) this.malformed('calls a function with keywords');
    this.call([callee, args]);
  }

  callMarked([callee, ...args]: readonly unknown[]): void {
    this.call([callee, args]);
  }

  /**
   * The attributes of an OrderedDict (PyTorch hangs `_metadata` on a state dict) play no part here and are dropped;
   * nothing else that can be on the stack has any.
   */
  setState([target, state]: readonly unknown[]): void {
    if (this.#host.build?.(target, state)) {
      this.push(target);
      return;
    }
    if (!(target instanceof Map)) this.malformed('sets the state of an object');
    this.push(target);
  }

  persistent(id: unknown): unknown {
    return this.#host.persistent(id) ?? this.malformed('has a persistent id that is not a tensor storage');
  }

  extension(code: number): never {
    this.refuse(`copyreg extension ${code}`);
  }

  refuse(name: string): never {
    this.fail(
      `pickle asks for ${quote(name)}; only tensors and plain containers are read (running it would execute code)`,
    );
  }

  malformed(problem: string): never {
    this.fail(`pickle is damaged before byte ${this.#at}: it ${problem}`);
  }
}
