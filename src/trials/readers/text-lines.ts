import { TextDecoder } from 'node:util';
import { FileError } from '../../base/errors.ts';
import { FollowedFile } from './followed-file.ts';

/** Characters of the longest line: what a file of one endless line may take in memory. */
export const longestLine = 1 << 24;

/**
 * The lines of a growing text file, without their ends (LF or CRLF): UTF-8, or UTF-16 where a byte-order mark says so. Bytes that are no text become U+FFFD.
 */
export class TextLines {
  readonly #file: FollowedFile;
  #decoder: TextDecoder | undefined;
  /** Bytes before the encoding is known, and characters after the last line end. */
  #undecoded = Buffer.alloc(0);
  #rest: string[] = [];
  #restLength = 0;
  /** Lines given so far. */
  count = 0;

  constructor(path: string) {
    this.#file = new FollowedFile(path);
  }

  get rewritten(): number {
    return this.#file.rewritten;
  }

  /**
   * Gives every line that has ended since the last call; with `ended` also what stands after the last line end, `whole` being false for it. `onRewritten`: the file was
   * written anew, lines come from the first on. Throws FileError for a line beyond `longestLine`, and for UTF-16 without its mark.
   */
  async read(
    take: (line: string, whole: boolean) => void,
    { ended = false, onRewritten }: { readonly ended?: boolean; readonly onRewritten?: () => void } = {},
  ): Promise<void> {
    const line = (text: string, whole: boolean) => {
      this.count++;
      take(whole && text.endsWith('\r') ? text.slice(0, -1) : text, whole);
    };
    await this.#file.read(
      (piece) => this.#split(this.#decode(piece), line),
      () => {
        this.#decoder = undefined;
        this.#undecoded = Buffer.alloc(0);
        this.#rest = [];
        this.#restLength = 0;
        this.count = 0;
        onRewritten?.();
      },
    );
    if (!ended) return;
    this.#split(this.#decode(Buffer.alloc(0), true), line);
    const rest = this.#rest.join('');
    this.#rest = [];
    this.#restLength = 0;
    if (rest !== '') line(rest, false);
  }

  #decode(piece: Uint8Array, all = false): string {
    if (!this.#decoder) {
      this.#undecoded = Buffer.concat([this.#undecoded, piece]);
      const head = this.#undecoded;
      if (head.length < 3 && !all) return '';
      const utf16 =
        head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : null;
      this.#decoder = new TextDecoder(utf16 ?? 'utf-8');
      this.#undecoded = Buffer.alloc(0);
      return this.#decoder.decode(head, { stream: !all });
    }
    return this.#decoder.decode(piece, { stream: !all });
  }

  #split(text: string, line: (text: string, whole: boolean) => void): void {
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      const own = text.slice(at, end);
      at = end + 1;
      if (this.#rest.length === 0) line(own, true);
      else {
        const whole = this.#rest.join('') + own;
        this.#rest = [];
        this.#restLength = 0;
        line(whole, true);
      }
    }
    if (at === text.length) return;
    this.#rest.push(text.slice(at));
    this.#restLength += text.length - at;
    if (this.#restLength > longestLine)
      throw new FileError(
        this.#file.path,
        `line ${this.count + 1} is longer than ${longestLine} characters; expected a log with lines`,
      );
  }
}
