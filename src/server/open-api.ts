import { z } from 'zod';
import { version } from '../base/version.ts';
import { liveEvent, operations } from '../schema/serve/index.ts';

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
  return rest;
};

const failure = {
  description: 'It is not carried out; the message says why.',
  content: { 'application/json': { schema: schemaOf(z.object({ error: z.string() }), 'output') } },
};

/** The OpenAPI document of the server, from the schemas that requests are checked by. */
export function openApi() {
  const paths = Object.entries(operations).map(([name, { does, summary, request, response }]) => {
    const asked = { 'application/json': { schema: schemaOf(request, 'input') } };
    const answers = {
      200: { description: summary, content: { 'application/json': { schema: schemaOf(response, 'output') } } },
      default: failure,
    };
    const described = { operationId: name, summary, responses: answers };
    return [
      `/api/${name}`,
      does === 'query'
        ? {
            get: {
              ...described,
              parameters: [{ name: 'q', in: 'query', description: 'the request as JSON', content: asked }],
            },
          }
        : { post: { ...described, requestBody: { required: true, content: asked } } },
    ];
  });
  const events = {
    get: {
      operationId: 'events',
      summary:
        'Changes as server-sent events: the id of each is a cursor that only grows, and Last-Event-ID asks for what came after',
      parameters: [
        { name: 'since', in: 'query', schema: { type: 'number' } },
        { name: 'study', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
      ],
      responses: {
        200: { description: 'events', content: { 'text/event-stream': { schema: schemaOf(liveEvent, 'output') } } },
      },
    },
  };
  const page = {
    get: {
      operationId: 'page',
      summary: 'A page that was written with a result, as it lies there; nothing in it runs',
      parameters: [{ name: 'path', in: 'query', required: true, schema: { type: 'string' } }],
      responses: { 200: { description: 'the page', content: { 'text/html': {} } }, default: failure },
    },
  };
  return {
    openapi: '3.1.0',
    info: { title: 'Ballast', version, description: 'What `ballast serve` answers.' },
    paths: { ...Object.fromEntries(paths), '/api/events': events, '/api/page': page },
  };
}
