/** What a served folder holds. */
import { z } from 'zod';
import type { Of } from '../readonly.ts';

/** A place below the served folder, with slashes; a dot for the folder itself. */
export const place = z
  .string()
  .max(4096)
  .describe('path below the served folder, with slashes; a dot for the folder itself');

export const folderEntry = z.object({
  path: place,
  kind: z
    .string()
    .describe(
      'study, study-file, run, or the kind of a stored result such as spectrum; unreadable where it is not as it should be',
    ),
  name: z.string().describe('of the study, or of the file or its folder'),
  changed: z.number().describe('when it was last written, in milliseconds since 1970'),
  bytes: z.number().describe('of its file'),
  problem: z.string().optional().describe('why it cannot be read'),
});

export const folderContents = z.object({
  name: z.string().describe('of the served folder'),
  entries: z.array(folderEntry).describe('sorted by path'),
  passed: z.int().describe('files and folders that were passed over: links, and what lies deeper than is looked'),
  more: z.boolean().describe('whether there is more than is listed'),
});

/** Something in a served folder that can be opened. */
export type FolderEntry = Of<typeof folderEntry>;
/** What a served folder holds. */
export type FolderContents = Of<typeof folderContents>;
