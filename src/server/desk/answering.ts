/** What a desk answers: the use cases of `app/`, at places of the served folder. */
import {
  type AnalysedStudy,
  analyseStudy,
  cancelTrials,
  checkStudy,
  FolderBrowser,
  pauseStudy,
  requeueTrials,
  spectraOf,
} from '../../app/browse/index.ts';
import { csvText, pageOf, storedResults, tableOf } from '../../app/stored-results.ts';
import { pageOfStudyReport } from '../../app/study-report.ts';
import { FileError, UsageError } from '../../base/errors.ts';
import { type FigureFile, figureFiles, figuresOf } from '../../report/pages.ts';
import type { RequestOf, ResponseOf, StudyAnalysis } from '../../schema/serve/index.ts';
import { measuredInFolder } from '../../study/index.ts';
import type { ServedFolder } from '../served-folder.ts';
import type { DeskOperation, DeskRequest } from './messages.ts';
import { OpenStudies } from './open-studies.ts';

type Answers = { readonly [Name in DeskOperation]: (request: RequestOf<Name>) => Promise<ResponseOf<Name>> };

/** Pages whose figures are kept for whoever wants them as files. */
const mostPages = 12;

interface Drawn {
  readonly page: string | null;
  readonly files: readonly FigureFile[];
}

export function answering(folder: ServedFolder) {
  const studies = new OpenStudies(folder);
  const browser = new FolderBrowser(folder.root);
  const pages = new Map<string, Drawn>();
  // The figures of a page are collected while it is rendered: one page at a time.
  let rendering: Promise<unknown> = Promise.resolve();

  const rendered = (of: string, render: () => Promise<string | undefined>): Promise<Drawn> => {
    const drawn = rendering.then(async () => {
      let page: string | undefined;
      const figures = await figuresOf(async () => {
        page = await render();
        return page ?? '';
      });
      const result: Drawn = { page: page ?? null, files: figureFiles(figures) };
      pages.delete(of);
      pages.set(of, result);
      for (const old of pages.keys()) if (pages.size > mostPages) pages.delete(old);
      return result;
    });
    rendering = drawn.catch(() => {});
    return drawn;
  };

  const stored = async (path: string) => {
    const [found] = await storedResults(await folder.place(path));
    return found!;
  };

  const drawnResult = async (path: string) => {
    const result = await stored(path);
    return { result, ...(await rendered(path, async () => pageOf(result))) };
  };

  const analyses = new Analyses(folder, studies);
  const drawnStudy = async (request: RequestOf<'analysis'>): Promise<StudyAnalysis> => {
    const began = performance.now();
    const took = () => (performance.now() - began) / 1000;
    try {
      const { version, found } = await analyses.of(request);
      const { page, files } = await rendered(request.study, () => pageOfStudyReport(found.report, { command: '' }));
      const { undecided, outcomes } = found;
      return {
        page,
        reason: null,
        files: files.map((f) => f.name),
        undecided: [...undecided],
        outcomes,
        version,
        seconds: took(),
      };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      // Nothing is measured yet, or a cost cannot be told: the page says why.
      return {
        page: null,
        reason: folder.told(error.message),
        files: [],
        undecided: [],
        outcomes: [],
        version: '',
        seconds: took(),
      };
    }
  };

  const isStudy = async (path: string) => !/\.json$/.test(path) && (await folder.studyPlace(path)) !== '';

  const answers: Answers = {
    folder: () => browser.contents(),
    study: async ({ study }) => ({ ...(await studies.of(study)).overview(study), cursor: 0 }),
    curves: async ({ study, trials, quantity, ...range }) => ({
      curves: (await studies.of(study)).curves(trials, quantity, range),
    }),
    tails: async ({ study, quantity, after }) => ({ curves: (await studies.of(study)).tails(after, quantity) }),
    analysis: drawnStudy,
    result: async ({ path }) => {
      const { result, page, files } = await drawnResult(path);
      return {
        kind: result.document.kind.kind,
        page,
        files: files.map((f) => f.name),
        table: await tableOf(result, false),
      };
    },
    figure: async ({ of, name }) => {
      if (!pages.has(of)) await ((await isStudy(of)) ? drawnStudy({ study: of, devices: 1 }) : drawnResult(of));
      const file = pages.get(of)?.files.find((f) => f.name === name);
      if (!file)
        throw new FileError(of, `has no figure of this name; expected ${pages.get(of)?.files.length ?? 0} others`);
      return { text: file.text };
    },
    csv: async ({ path }) => ({ text: csvText((await stored(path)).document) }),
    spectra: async ({ paths }) =>
      spectraOf(await Promise.all(paths.map(async (called) => ({ called, file: await folder.place(called) })))),
    check: async ({ text }) => checkStudy(text),
    pause: async ({ study }) => {
      await pauseStudy(await folder.studyPlace(study), true);
      return { done: 'paused: trials finish their step and save' };
    },
    resume: async ({ study }) => {
      await pauseStudy(await folder.studyPlace(study), false);
      return { done: 'no longer paused' };
    },
    requeue: async ({ study, trials }) => {
      const count = await requeueTrials(await folder.studyPlace(study), trials);
      return { done: `${count} queued again` };
    },
    cancel: async ({ study, trials }) => {
      const count = await cancelTrials(await folder.studyPlace(study), trials);
      return { done: `${count} cancelled` };
    },
  };
  const answer = ({ name, request }: DeskRequest): Promise<ResponseOf<DeskOperation>> =>
    (answers[name] as (request: unknown) => Promise<ResponseOf<DeskOperation>>)(request);
  return { answer, studies };
}

/** Analyses of studies, each done once for what was measured so far. */
class Analyses {
  readonly #folder: ServedFolder;
  readonly #studies: OpenStudies;
  readonly #done = new Map<string, AnalysedStudy>();

  constructor(folder: ServedFolder, studies: OpenStudies) {
    this.#folder = folder;
    this.#studies = studies;
  }

  async of(request: RequestOf<'analysis'>): Promise<{ version: string; found: AnalysedStudy }> {
    const version = await (await this.#studies.of(request.study)).version();
    const key = JSON.stringify([request, version]);
    const known = this.#done.get(key);
    if (known) return { version, found: known };
    const place = await this.#folder.studyPlace(request.study);
    const found = await analyseStudy(await measuredInFolder(place), place, request);
    this.#done.set(key, found);
    for (const old of this.#done.keys()) if (this.#done.size > 8) this.#done.delete(old);
    return { version, found };
  }
}
