import { z } from 'zod';
import { documentOf, type Kind } from './kind.ts';
import { openNamesOf, suggestionsOf } from './names/open-names.ts';

/** How schemas become JSON Schemas. */
export const jsonSchemaOptions: Parameters<typeof z.toJSONSchema>[1] = {
  target: 'draft-2020-12',
  // Names to which users may add are listed as they are now.
  override: ({ zodSchema, jsonSchema }) => {
    const names = openNamesOf(zodSchema as unknown as z.ZodType);
    if (names) jsonSchema.enum = [...names.names()];
    const suggestions = suggestionsOf(zodSchema as unknown as z.ZodType);
    if (suggestions) jsonSchema.examples = [...suggestions.examples()];
  },
};

/** The JSON Schema (2020-12) of documents of a kind. */
export const jsonSchemaOf = (kind: Kind) => ({
  title: kind.kind,
  ...z.toJSONSchema(documentOf(kind), jsonSchemaOptions),
});

/** The JSON Schema (2020-12) of a request as one may write it: what has a default can be left out. */
export const requestSchemaOf = ({ kind, request }: Pick<Kind, 'kind' | 'request'>) => ({
  title: `${kind} request`,
  ...z.toJSONSchema(request, { ...jsonSchemaOptions, io: 'input' }),
});
