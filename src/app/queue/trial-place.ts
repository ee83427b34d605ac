/** Where a worker that shares no folder with a coordinator computes a trial: with which data of its own, and in which folder. */
import { existsSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { BallastError, UsageError } from '../../base/errors.ts';
import { pathBelow, quote } from '../../formats/index.ts';
import { jobSpecOf, type TakeFolder } from '../../queue/index.ts';
import type { Offer, PieceSpec, QueuePayload } from '../../schema/index.ts';
import { contentOf, loadStudyData } from '../../study/index.ts';
import { folderOfData, identityOfRead, isMade } from './piece-data.ts';

/** Beginning of the identity of the data that a worker has to find for a trial; null where they are made, or a command sees to its own. */
export function dataToFind(offer: Offer): string | null {
  const spec = jobSpecOf(offer.spec, 'the settings of a trial');
  if (spec.kind === 'piece') return spec.data?.identity.slice(0, 12) ?? null;
  return spec.kind === 'own' && !isMade(spec.data.dataset) ? (spec.data.content?.slice(0, 12) ?? null) : null;
}

export interface PlaceOptions {
  /** Folders of data, each with one data set or with one folder for each. */
  readonly data: readonly string[];
  /** Folders that coordinators see as well: trials of studies below them compute in the study's own folder. */
  readonly shared: readonly string[];
  /** For the files of all others. */
  readonly scratch: string;
}

/** Finds the place of each trial. What it returns throws UsageError for settings that are not valid, or a program whose folder is not here; undefined means that the data are not. */
export function trialPlaces({ data, shared, scratch }: PlaceOptions) {
  const found = new Map<string, string | undefined>();
  /** The first folder whose data are the ones; looked for once. */
  const find = async (identity: string, isThere: (dir: string) => Promise<boolean>): Promise<string | undefined> => {
    if (!found.has(identity)) {
      let at: string | undefined;
      for (const dir of data) {
        const here = await isThere(dir).catch((error) => {
          if (!(error instanceof BallastError)) throw error;
          return false;
        });
        if (!here) continue;
        at = dir;
        break;
      }
      found.set(identity, at);
    }
    return found.get(identity);
  };
  /** A piece as it can be computed here: with its data, and the folders that come with it. */
  const placed = async (spec: PieceSpec, study: string, there: string | undefined, take: TakeFolder) => {
    let dir: string | undefined;
    if (spec.data !== null) {
      const wanted = spec.data;
      dir = await find(wanted.identity, async (at) => (await identityOfRead(wanted, at)) === wanted.identity);
      if (dir === undefined) return undefined;
    }
    const filesAt =
      there === undefined ? pathBelow(scratch, study, `folders.${process.pid}`) : join(there, '..', '..', 'files');
    for (const name of spec.folders) {
      const at = pathBelow(filesAt, name);
      if (existsSync(at)) continue;
      if (there !== undefined) throw new UsageError('its files do not lie in the shared folder');
      await take(name, at);
    }
    const { dir: _, ...own } = spec;
    return JSON.stringify({
      ...own,
      filesAt,
      ...(dir === undefined ? {} : { dir: folderOfData(spec.data!.dataset, dir) }),
    } satisfies PieceSpec);
  };
  return async ({ offer, study, folder }: QueuePayload, take: TakeFolder) => {
    const spec = jobSpecOf(offer.spec, 'the settings of a trial');
    if ((spec.kind === 'piece' ? spec.command : spec.kind === 'command') !== offer.requires.command)
      throw new UsageError('its settings are of another kind than it says');
    const own = pathBelow(scratch, study, offer.trial.slice(0, 16));
    const there = sharedPlace(folder, shared);
    const place = { folder: there ?? own, isShared: there !== undefined };
    if (spec.kind === 'piece') {
      const text = await placed(spec, study, there, take);
      return text === undefined ? undefined : { spec: text, ...place };
    }
    if (spec.kind === 'command') {
      if (!existsSync(spec.command.here))
        throw new UsageError(`the folder of its study file, ${quote(spec.command.here)}, is not on this machine`);
      return { spec: offer.spec, ...place };
    }
    if (isMade(spec.data.dataset)) return { spec: offer.spec, ...place };
    if (spec.data.content === undefined) throw new UsageError('it does not say what its data are');
    const { content } = spec.data;
    const dir = await find(content, async (at) => contentOf(await loadStudyData(spec.data, at)) === content);
    return dir === undefined ? undefined : { spec: JSON.stringify({ ...spec, dir }), ...place };
  };
}

/** A trial's folder as the coordinator has it, where it lies below a folder that both share; whatever links lead there. */
function sharedPlace(folder: string, shared: readonly string[]): string | undefined {
  const study = join(folder, '..', '..');
  if (!existsSync(study)) return undefined;
  const real = realpathSync(study);
  const isBelow = shared.some((root) => {
    const way = relative(realpathSync(root), real);
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
  });
  if (!isBelow) return undefined;
  // A name each, whatever the message says.
  const [, , name] = [...folder.split(sep)].slice(-3);
  return pathBelow(join(real, 'trials'), name!);
}
