import type { Counts } from '../counts.ts';
import type { LogValue } from '../reader.ts';
import { signed, textOf, wireFields } from './wire.ts';

/** What an Event message says. */
export interface ScalarOf {
  readonly step: number;
  readonly time: number;
  readonly values: ReadonlyMap<string, LogValue>;
  readonly settings: ReadonlyMap<string, LogValue>;
}

/** Scalars of an Event message (fields as in TensorFlow's event.proto, summary.proto and tensor.proto). Throws WireError. */
export function scalarsOf(event: Uint8Array, unused: Counts): ScalarOf {
  let [step, time] = [0, 0];
  const values = new Map<string, LogValue>();
  const settings = new Map<string, LogValue>();
  for (const f of wireFields(event)) {
    if (f.field === 1 && f.kind === 'bits' && f.value.byteLength === 8) time = f.value.getFloat64(0, true);
    else if (f.field === 2 && f.kind === 'varint') step = signed(f.value);
    else if (f.field === 5 && f.kind === 'bytes') {
      for (const value of wireFields(f.value))
        if (value.field === 1 && value.kind === 'bytes') summaryValue(value.value, values, settings, unused);
    } else if (f.field === 4) unused.add('graphs');
  }
  return { step, time, values, settings };
}

function summaryValue(
  message: Uint8Array,
  values: Map<string, LogValue>,
  settings: Map<string, LogValue>,
  unused: Counts,
): void {
  let tag = '';
  let value: number | undefined;
  let what = 'summaries that are no scalars';
  for (const f of wireFields(message)) {
    if (f.field === 1 && f.kind === 'bytes') tag = textOf(f.value);
    else if (f.field === 2 && f.kind === 'bits') value = shortest(f.value.getFloat32(0, true));
    else if (f.field === 4) what = 'pictures';
    else if (f.field === 5) what = 'histograms';
    else if (f.field === 6) what = 'sounds';
    else if (f.field === 8 && f.kind === 'bytes') {
      value = scalarOfTensor(f.value);
      if (value === undefined) what = 'tensors of more than one number';
    } else if (f.field === 9 && f.kind === 'bytes') hyperparameters(f.value, settings);
  }
  if (value !== undefined && tag !== '') values.set(tag, value);
  else if (!tag.startsWith('_hparams_')) unused.add(what);
}

/** The shortest decimal number that is this float32: 0.1, not 0.10000000149. */
function shortest(value: number): number {
  if (!Number.isFinite(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** IEEE binary16, and its cousin with float32's exponent. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function bfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return shortest(view.getFloat32(0));
}

/** How a number of TensorProto's types stands in `tensor_content`: bytes, and what they are. */
const contents: Readonly<Record<number, readonly [number, (v: DataView) => number]>> = {
  1: [4, (v) => shortest(v.getFloat32(0, true))],
  2: [8, (v) => v.getFloat64(0, true)],
  3: [4, (v) => v.getInt32(0, true)],
  9: [8, (v) => Number(v.getBigInt64(0, true))],
  14: [2, (v) => bfloat16(v.getUint16(0, true))],
  19: [2, (v) => half(v.getUint16(0, true))],
};

/** The number in a TensorProto of one element; undefined for any other. */
function scalarOfTensor(message: Uint8Array): number | undefined {
  let [type, elements] = [0, 1];
  let content: Uint8Array | undefined;
  const listed: number[] = [];
  for (const f of wireFields(message)) {
    if (f.field === 1 && f.kind === 'varint') type = Number(f.value);
    else if (f.field === 2 && f.kind === 'bytes') elements = elementsOf(f.value);
    else if (f.field === 4 && f.kind === 'bytes') content = f.value;
    else if (f.field >= 5 && f.field <= 13) {
      if (f.kind === 'bytes' && f.value.length > 10) return undefined;
      const number = listedNumber(f.field, f.value, type);
      if (number !== undefined) listed.push(number);
    }
  }
  if (elements !== 1) return undefined;
  const layout = contents[type];
  if (content && content.length > 0)
    return layout && content.length === layout[0] ? layout[1](viewOf(content)) : undefined;
  return listed.length === 1 ? listed[0] : undefined;
}

function elementsOf(shape: Uint8Array): number {
  let elements = 1;
  for (const dimension of wireFields(shape))
    if (dimension.field === 2 && dimension.kind === 'bytes') {
      let size = 0;
      for (const f of wireFields(dimension.value)) if (f.field === 1 && f.kind === 'varint') size = signed(f.value);
      elements *= size;
    }
  return elements;
}

/** A number of `float_val` (5), `double_val` (6), `int_val` (7), `int64_val` (10) or `half_val` (13), packed or not. */
function listedNumber(field: number, value: bigint | DataView | Uint8Array, type: number): number | undefined {
  const view = value instanceof Uint8Array ? viewOf(value) : value;
  if (field === 5 && typeof view !== 'bigint')
    return view.byteLength === 4 ? shortest(view.getFloat32(0, true)) : undefined;
  if (field === 6 && typeof view !== 'bigint') return view.byteLength === 8 ? view.getFloat64(0, true) : undefined;
  if (field !== 7 && field !== 10 && field !== 13) return undefined;
  let whole: bigint | undefined;
  if (typeof view === 'bigint') whole = view;
  else if (value instanceof Uint8Array) {
    // A packed list of one varint reads as a field with a key before it.
    const [only, second] = wireFields(Uint8Array.from([8, ...value]));
    if (second === undefined && only?.kind === 'varint') whole = only.value;
  }
  if (whole === undefined) return undefined;
  if (field !== 13) return signed(whole);
  return type === 14 ? bfloat16(Number(whole & 0xffffn)) : half(Number(whole & 0xffffn));
}

/** `add_hparams` keeps its parameters in the metadata of a summary of the plugin `hparams`: session_start_info, its map of values. */
function hyperparameters(metadata: Uint8Array, settings: Map<string, LogValue>): void {
  for (const plugin of wireFields(metadata)) {
    if (plugin.field !== 1 || plugin.kind !== 'bytes') continue;
    let [name, content] = ['', new Uint8Array(0)];
    for (const f of wireFields(plugin.value))
      if (f.kind === 'bytes') {
        if (f.field === 1) name = textOf(f.value);
        else if (f.field === 2) content = Uint8Array.from(f.value);
      }
    if (name !== 'hparams') continue;
    for (const data of wireFields(content))
      if (data.field === 3 && data.kind === 'bytes')
        for (const entry of wireFields(data.value))
          if (entry.field === 1 && entry.kind === 'bytes') mapEntry(entry.value, settings);
  }
}

function mapEntry(entry: Uint8Array, settings: Map<string, LogValue>): void {
  let key = '';
  let value: LogValue | undefined;
  for (const f of wireFields(entry)) {
    if (f.kind !== 'bytes') continue;
    if (f.field === 1) key = textOf(f.value);
    else if (f.field === 2)
      for (const v of wireFields(f.value)) {
        if (v.field === 2 && v.kind === 'bits' && v.value.byteLength === 8) value = v.value.getFloat64(0, true);
        else if (v.field === 3 && v.kind === 'bytes') value = textOf(v.value);
        else if (v.field === 4 && v.kind === 'varint') value = v.value ? 'true' : 'false';
      }
  }
  if (key !== '' && value !== undefined) settings.set(key, value);
}
