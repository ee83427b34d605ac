import type { z } from 'zod';
import { FileError } from '../../base/errors.ts';

/** A value that a store keeps as JSON, checked: the store may come from elsewhere. Throws FileError that names the first field that is wrong. */
export function fromStored<T>(schema: z.ZodType<T>, text: string, path: string, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, `is damaged: the ${what} are no JSON`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FileError(
    path,
    `is damaged: ${what}: ${issue!.path.map(String).join('.') || 'top level'}: ${issue!.message}`,
  );
}
