import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { makeFolder, writeFileAtomic } from '../../formats/index.ts';

const submissionSchema = z.object({
  name: z.string(),
  tasks: z.int().positive(),
  /** Null while it is not known whether the scheduler has it. */
  job: z.string().nullable(),
  /** Attempts at trials that there had been before it. */
  attempts: z.int().nonnegative(),
  state: z.enum(['asked', 'there', 'over']),
});
export type Submission = Readonly<z.infer<typeof submissionSchema>>;

/** What was submitted for a study. It is written before the scheduler is asked, so that nothing is asked for twice under two names. */
export class Submissions {
  /** Of scripts and of what tasks print. */
  readonly folder: string;
  readonly #path: string;
  readonly #prefix: string;
  #all: readonly Submission[];

  private constructor(folder: string, path: string, prefix: string, all: readonly Submission[]) {
    this.folder = folder;
    this.#path = path;
    this.#prefix = prefix;
    this.#all = all;
  }

  /** Those of the study in a folder. Throws FileError for a list that is none. */
  static async of(study: string): Promise<Submissions> {
    const folder = join(study, 'queue', 'slurm');
    await makeFolder(folder);
    const path = join(folder, 'submissions.json');
    const identity = createHash('sha256').update(realpathSync(study)).digest('hex').slice(0, 10);
    if (!existsSync(path)) return new Submissions(folder, path, `ballast-${identity}`, []);
    try {
      const all = z.array(submissionSchema).parse(JSON.parse(readFileSync(path, 'utf8')));
      return new Submissions(folder, path, `ballast-${identity}`, all);
    } catch (cause) {
      throw new FileError(path, 'is no list of submissions; remove it when none of its jobs runs any more', { cause });
    }
  }

  get all(): readonly Submission[] {
    return this.#all;
  }

  get last(): Submission | undefined {
    return this.#all.at(-1);
  }

  /** Names of those that may have tasks. */
  get open(): readonly string[] {
    return this.#all.filter((s) => s.state !== 'over').map((s) => s.name);
  }

  nextName(): string {
    return `${this.#prefix}-${this.#all.length + 1}`;
  }

  async add(submission: Submission): Promise<void> {
    await this.#write([...this.#all, submission]);
  }

  async change(name: string, change: Partial<Submission>): Promise<void> {
    await this.#write(this.#all.map((s) => (s.name === name ? { ...s, ...change } : s)));
  }

  async #write(all: readonly Submission[]): Promise<void> {
    await writeFileAtomic(this.#path, `${JSON.stringify(all, null, 1)}\n`);
    this.#all = all;
  }
}
