import { z } from 'zod';

/** How a key of a request is shown on a command line, beside what its schema says. */
export interface Flag {
  /** What stands for the value in the help: `list` for `<list>`. */
  readonly value?: string;
  /** The option, where it is not the key with hyphens. */
  readonly flag?: string;
  /** Heading in the help. */
  readonly group?: string;
  /** `pixels`: a length in pixel units, which may be written 2/255; `slurm time`: seconds, which are written 2:00:00, minutes or days-hours. */
  readonly unit?: 'pixels' | 'slurm time';
  /** A list, where it is not one word with commas: several words behind the option, or the option several times. */
  readonly several?: 'words' | 'times';
  /** A place in front of the options instead of one among them. */
  readonly positional?: boolean;
}

/** The flags of keys; a key without an entry has none of these particulars. */
export const flags = z.registry<Flag>();
