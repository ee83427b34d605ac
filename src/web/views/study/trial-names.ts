import { formatNumber } from '../../../report/numbers.ts';
import type { TrialState } from '../../../schema/serve/index.ts';

/** Characters of an id that an address calls a trial by. */
const shortest = 10;

/** Trials that are drawn together at most. */
export const mostDrawn = 64;

/** A trial in words. `many`: whether there are several workloads. */
export const trialName = ({ workload, strategy, batchSize, learningRate, seed }: TrialState, many: boolean): string =>
  `${many ? `${workload}, ` : ''}${strategy}, batch ${batchSize}, rate ${formatNumber(learningRate)}, seed ${seed}`;

/** What an address calls trials by. */
export const textOf = (ids: readonly string[]): string =>
  ids
    .slice(0, mostDrawn)
    .map((id) => id.slice(0, shortest))
    .join('.');

/** The trials that an address calls. */
export const trialsOf = (text: string, trials: readonly TrialState[]): TrialState[] => {
  const byStart = new Map(trials.map((t) => [t.id.slice(0, shortest), t]));
  return text
    .split('.')
    .flatMap((start) => byStart.get(start) ?? [])
    .slice(0, mostDrawn);
};

/** Trials of a study, by what an address calls them; empty: the usual ones. */
export interface ChosenTrials {
  readonly study: string;
  readonly chosen: string;
}

/** Signs that stand between studies and in front of trials, in the name of a study. */
const escaped = (study: string) => study.replace(/[%|~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

/** What an address calls trials of several studies by. */
export const ofText = (parts: readonly ChosenTrials[]): string =>
  parts.map(({ study, chosen }) => `${escaped(study)}${chosen === '' ? '' : `~${chosen}`}`).join('|');

/** The trials of several studies that an address calls. */
export const partsOf = (text: string): ChosenTrials[] =>
  text
    .split('|')
    .filter((part) => part !== '')
    .map((part) => {
      const [study = '', chosen = ''] = part.split('~');
      return { study: study.replace(/%(25|7c|7e)/g, (c) => decodeURIComponent(c)), chosen };
    });
