import type { z } from 'zod';
import { InputError } from '../base/errors.ts';
import { didYouMean } from '../base/names.ts';
import type { Of } from './readonly.ts';

/** A request with its defaults. Throws InputError that names the first key that is not as it should be. */
export function checkRequest<Request extends z.ZodObject>(request: Request, given: unknown): Of<Request> {
  const strict = request.strict().safeParse(given);
  if (strict.success) return strict.data as Of<Request>;
  const [issue] = strict.error.issues;
  const known = Object.keys(request.shape);
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    throw new InputError(key, `is no part of this request; expected ${known.join(', ')}${didYouMean(key, known)}`);
  }
  const [key = 'request', ...inside] = (issue?.path ?? []).map(String);
  const problem = issue?.message.replace(/^Invalid input: /, '') ?? 'is not as it should be';
  const value = [key, ...inside].reduce<unknown>((v, k) => (v as Record<string, unknown> | undefined)?.[k], given);
  if (issue?.code === 'invalid_value' && value !== undefined) {
    const names = issue.values.map(String);
    throw new InputError(
      key,
      `expected ${names.join(', ')}, got ${JSON.stringify(value).slice(0, 80)}${didYouMean(String(value), names)}`,
    );
  }
  const got = value === undefined || issue?.code === 'custom' ? '' : `, got ${JSON.stringify(value).slice(0, 80)}`;
  throw new InputError(
    key,
    value === undefined ? `is missing; ${problem.replace(/, received undefined$/, '')}` : `${problem}${got}`,
  );
}
