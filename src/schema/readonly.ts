import type { z } from 'zod';

/** A type of which nothing can be changed. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? T extends readonly [unknown, ...unknown[]]
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** What a schema describes, not to be changed: results are made once. */
export type Of<S extends z.ZodType> = DeepReadonly<z.infer<S>>;
