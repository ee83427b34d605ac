import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { printable } from '../../base/printable.ts';
import { writeError } from '../../formats/index.ts';
import { isSecretName } from './spec.ts';

/** Bytes of a file of output; the one before it is kept too. */
const mostBytes = 1 << 24;
/** Characters of a line that are kept. */
const longestLine = 1 << 16;
/** Lines that an error quotes at most, and characters of them. */
const [tailLines, tailCharacters] = [20, 4000];

/** Values of the environment that are nobody else's business, longest first: what is shorter than 6 characters occurs by chance. */
function secretsOf(env: NodeJS.ProcessEnv): string[] {
  const found = Object.entries(env).flatMap(([name, value]) =>
    isSecretName(name) && value && value.length >= 6 ? [value] : [],
  );
  return [...new Set(found)].sort((a, b) => b.length - a.length);
}

/**
 * What a program prints, kept in a file of bounded size, line by line as it comes; when that is full it becomes `PATH.1`, and a new one begins. Values of secret variables
 * are blotted out before anything is written.
 */
export class KeptOutput {
  readonly path: string;
  /** Characters that came so far: whether it is silent. */
  received = 0;
  readonly #secrets: readonly string[];
  readonly #tail: string[] = [];
  #file: FileHandle;
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Before a full file is put aside: whoever follows it reads it to its end. */
  readonly #beforeTurn: () => Promise<void>;
  #failure: unknown;

  private constructor(path: string, file: FileHandle, secrets: readonly string[], beforeTurn: () => Promise<void>) {
    this.path = path;
    this.#file = file;
    this.#secrets = secrets;
    this.#beforeTurn = beforeTurn;
  }

  /** Begins anew, or goes on behind what is there (`append`). Throws FileError. */
  static async open(
    path: string,
    { env, append, beforeTurn }: { env: NodeJS.ProcessEnv; append: boolean; beforeTurn: () => Promise<void> },
  ): Promise<KeptOutput> {
    try {
      const file = await open(path, append ? 'a' : 'w');
      const kept = new KeptOutput(path, file, secretsOf(env), beforeTurn);
      kept.#bytes = (await file.stat()).size;
      return kept;
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Takes a stream. It is slowed down to what the disk takes. */
  take(stream: Readable): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const lines = (text: string, end: boolean) => {
      this.received += text.length;
      rest += text;
      const at = rest.lastIndexOf('\n');
      let whole = at < 0 ? '' : rest.slice(0, at + 1);
      rest = rest.slice(at + 1);
      if ((end && rest !== '') || rest.length > longestLine) {
        whole += `${rest.slice(0, longestLine)}\n`;
        rest = '';
      }
      return whole;
    };
    const write = (text: string) => {
      if (text === '') return;
      stream.pause();
      this.#writing = this.#writing
        .then(() => this.#write(text))
        .catch((cause) => {
          this.#failure ??= cause;
        })
        .then(() => {
          stream.resume();
        });
    };
    stream.on('data', (chunk: Buffer) => write(lines(decoder.write(chunk), false)));
    stream.on('end', () => write(lines(decoder.end(), true)));
    stream.on('error', () => {});
  }

  /** Waits until all that came is written. Throws FileError for what could not be. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw writeError(this.path, this.#failure);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  /** The last lines, fit for a message: one line, the newest in the end. */
  get lastLines(): readonly string[] {
    return this.#tail;
  }

  get tail(): string {
    return printable(this.#tail.join(' | '), tailCharacters);
  }

  async #write(text: string): Promise<void> {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***');
    for (const line of clean.split(/[\r\n]+/)) {
      if (line.trim() === '') continue;
      this.#tail.push(line.slice(0, 1000));
      if (this.#tail.length > tailLines) this.#tail.shift();
    }
    const bytes = Buffer.from(clean);
    if (this.#bytes > 0 && this.#bytes + bytes.length > mostBytes) {
      await this.#beforeTurn();
      await this.#file.close();
      await rename(this.path, `${this.path}.1`);
      this.#file = await open(this.path, 'w');
      this.#bytes = 0;
    }
    await this.#file.write(bytes);
    this.#bytes += bytes.length;
  }
}
