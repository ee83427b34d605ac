import type { z } from 'zod';

/** Something that a server of results can be asked: a query, which changes nothing, or an action. */
export interface Operation<Request extends z.ZodObject = z.ZodObject, Response extends z.ZodType = z.ZodType> {
  /** Queries are GET with the request as the query string, actions POST with it as JSON. */
  readonly does: 'query' | 'action';
  readonly summary: string;
  readonly request: Request;
  readonly response: Response;
}

export const query = <Request extends z.ZodObject, Response extends z.ZodType>(
  summary: string,
  request: Request,
  response: Response,
) => ({ does: 'query' as const, summary, request, response });

export const action = <Request extends z.ZodObject, Response extends z.ZodType>(
  summary: string,
  request: Request,
  response: Response,
) => ({ does: 'action' as const, summary, request, response });
