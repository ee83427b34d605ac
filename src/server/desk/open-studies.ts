import { type OpenStudy, openStudy, StoredStudy } from '../../app/browse/index.ts';
import type { ServedFolder } from '../served-folder.ts';

/** Studies that stay open: opening one checks all of it. */
const mostOpen = 8;

interface Opened {
  readonly study: OpenStudy;
  readonly version: string;
}

/** The studies of a folder that were looked at lately. */
export class OpenStudies {
  readonly #folder: ServedFolder;
  readonly #open = new Map<string, Opened>();
  /** One after another: two that open the same one at a time would leave one open. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: ServedFolder) {
    this.#folder = folder;
  }

  /** Throws FileError where there is none. */
  of(path: string): Promise<OpenStudy> {
    const opened = this.#turn.then(() => this.#opened(path));
    this.#turn = opened.catch(() => {});
    return opened;
  }

  async #opened(path: string): Promise<OpenStudy> {
    const place = await this.#folder.studyPlace(path);
    const found = this.#open.get(path);
    if (found) {
      const stale =
        found.study instanceof StoredStudy
          ? await found.study.isStale()
          : (await found.study.version()) !== found.version;
      this.#open.delete(path);
      if (!stale) {
        // The last one that was asked for is the last one to be closed.
        this.#open.set(path, found);
        return found.study;
      }
      found.study.close();
    }
    const study = await openStudy(place);
    this.#open.set(path, { study, version: await study.version() });
    for (const [other, { study: old }] of this.#open) {
      if (this.#open.size <= mostOpen) break;
      this.#open.delete(other);
      old.close();
    }
    return study;
  }
}
