import { FileError } from '../../base/errors.ts';
import type { Budget } from '../budget.ts';
import { quote } from '../quote.ts';
import { InertGlobal, PassedOver, PickleGlobal, type PickleHost } from './pickle-values.ts';

/** Longest integer that is read, in bytes: the magic number of PyTorch's files has 10. */
const maxInteger = 256;

/** Longest qualified name that is looked up. */
const maxName = 512;

/** What a value takes in memory, roughly and from above, in bytes; what a list, dict or set has is spent beside it. */
const cost = { entry: 64, memo: 48, list: 64, table: 256, bytes: 128, object: 128, scalar: 32, slot: 8 } as const;

export interface PickleSource {
  readonly bytes: Uint8Array;
  /** Where the pickle begins; 0 unless told. */
  readonly start?: number;
  /** Opens the messages. */
  readonly path: string;
  readonly host: PickleHost;
  readonly budget: Budget;
}

/** The stack, the memo and what the opcodes do to them. Everything that takes memory is spent before it is made. */
export class PickleMachine {
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

  /** Insists on a pickle here. */
  begin(): void {
    if (this.#bytes[this.#at] !== 0x80) this.fail(`expected a pickle at byte ${this.#at}`);
  }

  /** The byte at which the next opcode begins. */
  get at(): number {
    return this.#at;
  }

  fail(problem: string): never {
    throw new FileError(this.#path, problem);
  }

  #spend(bytes: number): void {
    this.#budget.spend(bytes, 'a value of the pickle');
  }

  /** Goes over the next `count` bytes and returns where they begin. */
  #take(count: number): number {
    const end = this.#at + count;
    if (!(end <= this.#bytes.length)) {
      this.fail(
        `truncated: the pickle needs ${count} bytes from byte ${this.#at}, the file ends at ${this.#bytes.length}`,
      );
    }
    this.#at = end;
    return end - count;
  }

  /** The next `count` bytes. */
  bytes(count: number): Uint8Array {
    this.#spend(cost.bytes);
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** The next `width` bytes as an unsigned little-endian integer. */
  uint(width: 1 | 2 | 4 | 8): number {
    const at = this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    return width === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  /** Two's complement, little-endian, of `count` bytes. */
  integer(count: number): number | bigint {
    if (count > maxInteger) this.fail(`pickle holds an integer of ${count} bytes; at most ${maxInteger} are read`);
    this.#spend(cost.scalar + count);
    const digits = Buffer.from(this.bytes(count)).reverse().toString('hex');
    const value = BigInt.asIntN(8 * count, BigInt(`0x${digits || '0'}`));
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  float(): number {
    this.#spend(cost.scalar);
    return this.#view.getFloat64(this.#take(8), false);
  }

  text(count: number): string {
    const start = this.#take(count);
    this.#spend(cost.scalar + 2 * count);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, count).toString('utf8');
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
    this.#spend(cost.slot);
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
    this.#spend(cost.list);
    if (this.#stack.length < count) this.malformed('takes from an empty stack');
    return this.#stack.splice(this.#stack.length - count);
  }

  mark(): void {
    this.#spend(cost.list);
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
    this.#spend(cost.memo);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.malformed(`recalls memo ${index}, which was not set`);
    this.push(this.#memo.get(index));
  }

  list(): void {
    this.#spend(cost.list);
    this.push([]);
  }

  dict(items: readonly unknown[] = []): void {
    this.#spend(cost.table);
    this.push(new Map());
    this.setItems(items);
  }

  set(items: readonly unknown[] = []): void {
    this.#spend(cost.table);
    this.push(new Set());
    this.addItems(items);
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (list instanceof PassedOver) return;
    if (!Array.isArray(list)) this.malformed('appends to something that is not a list');
    this.#spend(cost.slot * items.length);
    for (const item of items) list.push(item);
  }

  addItems(items: readonly unknown[]): void {
    const set = this.top();
    if (set instanceof PassedOver) return;
    if (!(set instanceof Set)) this.malformed('adds to something that is not a set');
    this.#spend(cost.entry * items.length);
    for (const item of items) set.add(item);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (dict instanceof PassedOver) return;
    if (!(dict instanceof Map)) this.malformed('sets an item of something that is not a dict');
    if (items.length % 2) this.malformed('has a key without a value');
    this.#spend((cost.entry * items.length) / 2);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  names(): [string, string] {
    const [module, name] = this.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') return this.malformed('names something by no name');
    return [module, name];
  }

  global(module: string, name: string): PickleGlobal {
    if (module.length + name.length > maxName)
      this.fail(`pickle asks for a name of ${module.length + name.length} characters, ${quote(`${module}.${name}`)}`);
    this.#spend(cost.table + 2 * (module.length + name.length));
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
    const none = keywords instanceof Map && keywords.size === 0;
    if (!none && !(callee instanceof InertGlobal)) this.malformed('calls a function with keywords');
    this.call([callee, args]);
  }

  callMarked([callee, ...args]: readonly unknown[]): void {
    this.call([callee, args]);
  }

  /**
   * The attributes of an OrderedDict (PyTorch hangs `_metadata` on a state dict) and of what is passed over play no part
   * here and are dropped; nothing else that can be on the stack has any.
   */
  setState([target, state]: readonly unknown[]): void {
    if (this.#host.build?.(target, state)) {
      this.push(target);
      return;
    }
    if (!(target instanceof Map || target instanceof PassedOver)) this.malformed('sets the state of an object');
    this.push(target);
  }

  persistent(id: unknown): unknown {
    this.#spend(cost.object);
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
