/** The commands in the order and the groups of the help, each in a line: shown before any of them is loaded. */
import { summaries as measurements } from '../schema/summaries.ts';

export interface Listed {
  readonly group: string;
  readonly summary: string;
}

const stability = 'Stability of a network:';
const training = 'Training and the batch size:';
const stored = 'What there is:';

export const commandSummaries = {
  spectrum: { group: stability, summary: measurements.spectrum },
  perturb: { group: stability, summary: measurements.perturb },
  compare: { group: stability, summary: measurements.compare },
  intervene: { group: stability, summary: measurements.intervene },
  curvature: { group: stability, summary: measurements.curvature },
  convolutions: { group: stability, summary: measurements.convolutions },
  eigenvalues: { group: stability, summary: measurements.eigenvalues },
  alignment: { group: stability, summary: measurements.alignment },
  tokens: { group: stability, summary: measurements.tokens },
  reproduce: { group: stability, summary: 'The figures of a paper, measured on a network or study of yours' },
  batch: { group: training, summary: 'Studies of the batch size: what a larger one costs and saves' },
  train: {
    group: training,
    summary: 'Train a network for images, masks or text; the run can be interrupted and resumed exactly',
  },
  worker: {
    group: training,
    summary: 'Compute trials of studies that are handed out, on this machine, until told to stop',
  },
  queue: { group: training, summary: 'Studies that are handed out: their workers, what waits and what is parked' },
  eval: { group: training, summary: measurements.eval },
  serve: {
    group: stored,
    summary: 'A local page over a folder: studies live while they compute, spectra, perturbations, any stored result',
  },
  report: { group: stored, summary: 'Page, table, CSV or JSON of any stored result, without computing anything' },
  units: { group: stored, summary: 'List the residual units and stages found in a model' },
  models: { group: stored, summary: 'List the built-in models, or one of them with its parameters' },
  datasets: {
    group: stored,
    summary: 'List the data sets and the files they need, or read one and count what is in it',
  },
  schema: { group: stored, summary: 'List the kinds of results and files, or print the JSON Schema of one' },
  completion: { group: stored, summary: 'Print the completion of commands and options for a shell' },
  demo: {
    group: 'To begin with:',
    summary:
      'Both instruments on data rendered on the spot: trains a network and measures its stability, then studies batch sizes; no downloads',
  },
} as const satisfies Readonly<Record<string, Listed>>;

export type CommandName = keyof typeof commandSummaries;
