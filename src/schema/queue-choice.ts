/** How a study is handed out, as it is asked for and as its folder keeps it. */
import { z } from 'zod';

const word = z
  .string()
  .min(1)
  .max(1000)
  .refine((text) => !/[\p{Cc}]/u.test(text), 'expected text without control characters');
/** Of keys in Redis. */
export const namespaceSchema = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'expected letters, digits, dots, hyphens and underscores');
const count = z.int().positive().max(1_000_000);
/** A bucket, and what the names of all objects in it begin with. */
export const bucketSchema = z
  .string()
  .max(500)
  .regex(
    /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w.-]*\w[\w.-]*)*$/,
    'expected s3://NAME or s3://NAME/PREFIX, of letters, digits, dots, hyphens and underscores',
  );
/** Of a server that is no Amazon's. */
export const s3EndpointSchema = word.refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Credentials come from the environment: an address is stored and shown.
  return url !== undefined && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search;
}, 'expected http://host:port or https://host, without a user or a password');

/** What Slurm is told of the tasks. */
export const slurmOptionsSchema = z.strictObject({
  kind: z.literal('slurm'),
  partition: word.optional(),
  /** Seconds of a task. */
  seconds: z.int().min(60).max(31_536_000).optional(),
  gpusPerTask: count.optional(),
  /** Tasks at a time. */
  arrayLimit: count.default(50),
  /** Options for sbatch, one each: `--account=lab`. */
  sbatch: z
    .array(word.regex(/^--?[A-Za-z]/, 'expected an option of sbatch, such as --account=lab'))
    .max(100)
    .default([]),
});
export type SlurmOptions = Readonly<z.infer<typeof slurmOptionsSchema>>;

export const queueChoiceSchema = z.discriminatedUnion('kind', [
  slurmOptionsSchema,
  /** Workers anywhere, through BullMQ on Redis or Valkey. */
  z.strictObject({
    kind: z.literal('redis'),
    /** Without its password. */
    url: word,
    /** Of its keys: several projects share a server. */
    namespace: namespaceSchema,
    /** Path of the certificate that signs the server's. */
    ca: word.optional(),
    /** Of the study there, one of its own. */
    study: z.string().regex(/^[0-9a-f]{12}$/),
    /** Where files of trials go; through Redis unless told. */
    bucket: bucketSchema.optional(),
    s3Endpoint: s3EndpointSchema.optional(),
  }),
  /** Workers that somebody starts by hand on machines that see the folder. */
  z.strictObject({ kind: z.literal('folder') }),
]);
export type QueueChoice = Readonly<z.infer<typeof queueChoiceSchema>>;
