/** Where a worker that shares no folder with a coordinator computes a trial: with which data of its own, and in which folder. */
import { existsSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { BallastError, UsageError } from '../../base/errors.ts';
import { pathBelow, quote } from '../../formats/index.ts';
import type { Offer, QueuePayload } from '../../schema/index.ts';
import { contentOf, type DataSpec, loadStudyData, trialSpecOf } from '../../study/index.ts';

/** Data that are made on the spot, the same everywhere. */
const isMade = ({ dataset }: DataSpec) => dataset === 'shapes' || dataset === 'grammar';

/** Beginning of the identity of the data that a worker has to find for a trial; null where they are made, or a command sees to its own. */
export function dataToFind(offer: Offer): string | null {
  const spec = trialSpecOf(offer.spec, 'the settings of a trial');
  return spec.kind === 'own' && !isMade(spec.data) ? (spec.data.content?.slice(0, 12) ?? null) : null;
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
  const find = async (spec: DataSpec): Promise<string | undefined> => {
    const { content = '' } = spec;
    if (!found.has(content)) {
      let at: string | undefined;
      for (const dir of data) {
        const here = await loadStudyData(spec, dir).catch((error) => {
          if (!(error instanceof BallastError)) throw error;
        });
        if (here && contentOf(here) === content) {
          at = dir;
          break;
        }
      }
      found.set(content, at);
    }
    return found.get(content);
  };
  return async ({ offer, study, folder }: QueuePayload) => {
    const spec = trialSpecOf(offer.spec, 'the settings of a trial');
    if ((spec.kind === 'command') !== offer.requires.command)
      throw new UsageError('its settings are of another kind than it says');
    const own = pathBelow(scratch, study, offer.trial.slice(0, 16));
    const there = sharedPlace(folder, shared);
    const place = { folder: there ?? own, isShared: there !== undefined };
    if (spec.kind === 'command') {
      if (!existsSync(spec.command.here))
        throw new UsageError(`the folder of its study file, ${quote(spec.command.here)}, is not on this machine`);
      return { spec: offer.spec, ...place };
    }
    if (isMade(spec.data)) return { spec: offer.spec, ...place };
    if (spec.data.content === undefined) throw new UsageError('it does not say what its data are');
    const dir = await find(spec.data);
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
