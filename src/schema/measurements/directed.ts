/** Results of perturbations from before the directed control, as they are read: null stands where it was not measured. */
import { z } from 'zod';
import type { StoredDocument } from '../kind.ts';

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Anything but an object stays as it is: the form says what is wrong with it. */
const changed = (value: unknown, change: (fields: Fields) => Fields): unknown =>
  isObject(value) ? change(value) : value;
const eachOf = (list: unknown, change: (fields: Fields) => Fields): unknown =>
  Array.isArray(list) ? list.map((row) => changed(row, change)) : list;
/** Under a key that may be absent. */
const under = (fields: Fields, key: string, change: (value: unknown) => unknown): Fields =>
  key in fields ? { [key]: change(fields[key]) } : {};

const ratio = (row: Fields) => ({ toDirected: null, ...row });
const kindsOfAPlace = (row: Fields) => ({ directed: null, ...row });
const block = (row: Fields) => ({ directed: null, gradient: null, ...row });

/** Growth by stage. */
const byStage = (growth: unknown) =>
  changed(growth, (own) => ({
    ...own,
    ...under(own, 'excess', (rows) => eachOf(rows, ratio)),
    ...under(own, 'final', (end) => changed(end, (over) => ({ overDirected: null, ...kindsOfAPlace(over) }))),
  }));

const perturbations = (result: unknown): unknown =>
  changed(result, (own) => ({
    fooled: null,
    leading: null,
    ...own,
    ...under(own, 'layers', (rows) => eachOf(rows, kindsOfAPlace)),
    ...under(own, 'growth', (rows) => eachOf(rows, ratio)),
    ...under(own, 'byStage', byStage),
    ...under(own, 'untrained', (control) =>
      changed(control, (other) => ({
        projections: [],
        ...other,
        ...under(other, 'layers', (rows) => eachOf(rows, kindsOfAPlace)),
      })),
    ),
    ...under(own, 'projections', (rows) => eachOf(rows, block)),
  }));

/** What a result of version 1 is now, by its kind. */
const results = {
  perturb: perturbations,
  'reproduce-stability': (result: unknown) =>
    changed(result, (own) => ({ ...own, ...under(own, 'perturbations', perturbations) })),
  compare: (result: unknown) =>
    changed(result, (own) => ({
      ...own,
      ...under(own, 'networks', (rows) => eachOf(rows, (row) => ({ ...row, ...under(row, 'growth', byStage) }))),
    })),
  growth: (result: unknown) =>
    changed(result, (own) => ({ ...own, ...under(own, 'growth', (rows) => eachOf(rows, ratio)) })),
} as const;

/** Version, migration and earlier form of a kind to which the directed control was added. */
export const sinceDirected = (kind: keyof typeof results, result: z.ZodType) => ({
  version: 2,
  former: z.preprocess(results[kind], result),
  migrations: {
    1: (old: StoredDocument): StoredDocument => ({ ...old, version: 2, result: results[kind](old.result) }),
  },
});
