/** What a job of a queue on Redis holds: a trial with all that a worker needs which shares nothing with the coordinator. */
import { z } from 'zod';
import { curveRowSchema, offerSchema } from './queue.ts';
import { bucketSchema } from './queue-choice.ts';

export const queuePayloadSchema = z.strictObject({
  offer: offerSchema,
  /** Of the study, one of its own. */
  study: z.string().regex(/^[0-9a-f]{12}$/),
  /** Folder of the trial's files as the coordinator sees it: a worker that shares it uses it. */
  folder: z.string().min(1).max(4096),
  known: z.array(curveRowSchema).max(100_000),
  /** Where the coordinator looks for its files: used by workers that were started with the same one, and by no others. */
  bucket: bucketSchema.optional(),
});
export type QueuePayload = Readonly<z.infer<typeof queuePayloadSchema>>;

/** Characters of a job; a longer one is refused. */
export const longestPayload = 1 << 23;
