import type { Counts } from '../counts.ts';
import { parseJson, valuesOf } from '../json-values.ts';
import type { LogValue } from '../reader.ts';
import { signed, textOf, wireFields } from './wire.ts';

/** Fields of Record (wandb_internal.proto) that are passed over, by what they hold. */
const others: Readonly<Record<number, string>> = {
  3: 'summaries',
  4: 'console output',
  6: 'files',
  7: 'system statistics',
  8: 'artifacts',
  13: 'console output',
};

/** What a Record message says: a line of the history, or facts about the run. */
export interface RunRecord {
  readonly values: ReadonlyMap<string, LogValue>;
  readonly step: number | undefined;
  readonly time: number | undefined;
  readonly settings: ReadonlyMap<string, LogValue>;
}

/** Throws WireError for a message that is none. */
export function runRecord(message: Uint8Array, unused: Counts): RunRecord {
  let values = new Map<string, LogValue>();
  const settings = new Map<string, LogValue>();
  let step: number | undefined;
  for (const f of wireFields(message)) {
    if (f.kind !== 'bytes') continue;
    if (f.field === 2) {
      for (const inner of wireFields(f.value))
        if (inner.field === 2 && inner.kind === 'bytes') step = stepOf(inner.value);
      values = itemsOf(f.value, 1, unused);
    } else if (f.field === 5) addAll(settings, itemsOf(f.value, 1, unused));
    else if (f.field === 17) {
      for (const inner of wireFields(f.value)) {
        if (inner.kind !== 'bytes') continue;
        if (inner.field === 4) addAll(settings, itemsOf(inner.value, 1, unused));
        else if (inner.field === 1) settings.set('_run_id', textOf(inner.value));
        else if (inner.field === 6 && inner.value.length > 0) settings.set('_group', textOf(inner.value));
        else if (inner.field === 8 && inner.value.length > 0) settings.set('_run_name', textOf(inner.value));
      }
    } else if (others[f.field]) unused.add(others[f.field]!);
  }
  const number = (name: string) => {
    const value = values.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  return { values, step: step ?? number('_step'), time: number('_timestamp'), settings };
}

function stepOf(message: Uint8Array): number {
  let step = 0;
  for (const f of wireFields(message)) if (f.field === 1 && f.kind === 'varint') step = signed(f.value);
  return step;
}

const addAll = (to: Map<string, LogValue>, from: ReadonlyMap<string, LogValue>) => {
  for (const [name, value] of from) if (!name.startsWith('_wandb')) to.set(name, value);
};

/** Items {key = 1, nested_key = 2, value_json = 16} in a repeated field of a message. */
function itemsOf(message: Uint8Array, field: number, unused: Counts): Map<string, LogValue> {
  const values = new Map<string, LogValue>();
  for (const item of wireFields(message)) {
    if (item.field !== field || item.kind !== 'bytes') continue;
    let [key, json] = ['', ''];
    const nested: string[] = [];
    for (const f of wireFields(item.value)) {
      if (f.kind !== 'bytes') continue;
      if (f.field === 1) key = textOf(f.value);
      else if (f.field === 2) nested.push(textOf(f.value));
      else if (f.field === 16) json = textOf(f.value);
    }
    const name = nested.length > 0 ? nested.join('.') : key;
    if (name === '') continue;
    const parsed = parseJson(json);
    if (parsed === undefined) continue;
    for (const [inner, value] of valuesOf({ '': parsed }, unused)) values.set(name + inner, value);
  }
  return values;
}
