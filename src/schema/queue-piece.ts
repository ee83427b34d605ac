/** A piece of a measurement as it is handed out: what a worker computes of it are finished parts, which whoever asked reads as if they were its own. */
import { z } from 'zod';

/** Keys of requests whose values may be files, which go with the piece. */
export const fileKeys = ['model', 'weights', 'classNames', 'tokenizer', 'source'] as const;
export type FileKey = (typeof fileKeys)[number];

/** Of a folder of files that go with pieces. */
const folderName = z.string().regex(/^[0-9a-f]{16}$/);

export const pieceSpecSchema = z.strictObject({
  kind: z.literal('piece'),
  /** Name of the measurement. */
  measurement: z.string().regex(/^[a-z][a-z-]{0,60}$/, 'expected the name of a measurement'),
  /** As the measurement takes it, without where the data lie; its own form is checked before it is computed. */
  request: z.record(z.string(), z.unknown()),
  /** Which piece of it, in the measurement's own form. */
  piece: z.unknown(),
  /** Folders of files that go with it, by name. */
  folders: z.array(folderName).max(20),
  /** Keys of the request whose values are paths into those folders. */
  files: z.array(z.enum(fileKeys)).max(fileKeys.length),
  /** Which of the folders the piece is given beside its request, such as what it goes on from; null for none. */
  given: folderName.nullable(),
  /** What a worker has to find; null where nothing is read, or it is made on the spot. */
  data: z
    .strictObject({
      dataset: z.string().max(200),
      splits: z
        .array(z.enum(['train', 'valid', 'test']))
        .min(1)
        .max(3),
      /** SHA-256 of the identities of the splits. */
      identity: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .nullable(),
  /** Whether it runs the command of a study. */
  command: z.boolean(),
  /** How much work it is, against others of its measurement. */
  work: z.number().nonnegative(),
  /** Where the data lie on this machine. */
  dir: z.string().max(4096).optional(),
  /** Where its files lie on this machine. */
  filesAt: z.string().max(4096).optional(),
});
/** A piece of a measurement, with all that a worker needs to compute it. */
export type PieceSpec = Readonly<z.infer<typeof pieceSpecSchema>>;
