/** What a desk answers: the use cases of `app/`, at places of the served folder. */
import { existsSync } from 'node:fs';
import {
  cancelTrials,
  FolderBrowser,
  pauseStudy,
  requeueTrials,
  saveStudyFile,
  studyFileText,
  Workers,
} from '../../app/browse/index.ts';
import type { AnalysedStudy, ScaledUnits } from '../../app/browse/thorough.ts';
import { FileError, UsageError } from '../../base/errors.ts';
import type { FigureFile } from '../../report/pages.ts';
import type { RequestOf, ResponseOf, StudyAnalysis } from '../../schema/serve/index.ts';
import type { ServedFolder } from '../served-folder.ts';
import type { DeskOperation, DeskRequest } from './messages.ts';
import { OpenStudies } from './open-studies.ts';

type Answers = { readonly [Name in DeskOperation]: (request: RequestOf<Name>) => Promise<ResponseOf<Name>> };

/** What takes a second to load, which a process that only tells of a study need not do. */
const thorough = () => import('../../app/browse/thorough.ts');

/** Pages whose figures are kept for whoever wants them as files. */
const mostPages = 12;

interface Drawn {
  readonly page: string | null;
  readonly files: readonly FigureFile[];
}

/** @param onSettled Told when what the folder holds is known better than it was. */
export function answering(folder: ServedFolder, onSettled: () => void) {
  const studies = new OpenStudies(folder);
  const browser = new FolderBrowser(folder.root);
  const pages = new Map<string, Drawn>();
  // The figures of a page are collected while it is rendered: one page at a time.
  let rendering: Promise<unknown> = Promise.resolve();

  const rendered = (of: string, render: () => Promise<string | undefined>): Promise<Drawn> => {
    const drawn = rendering.then(async () => {
      // What draws takes half a second to load, which a list of the folder need not wait for.
      const { figureFiles, figuresOf } = await import('../../report/pages.ts');
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
    const { storedResults } = await thorough();
    const [found] = await storedResults(await folder.place(path));
    return found!;
  };

  const drawnResult = async (path: string) => {
    const result = await stored(path);
    const { pageOf } = await thorough();
    return { result, ...(await rendered(keyOf(path, 'page'), async () => pageOf(result))) };
  };

  let scaledUnits: ScaledUnits | undefined;
  /** What costs of each study were asked for last: figures are of those. */
  const costs = new Map<string, RequestOf<'cost'>>();
  const workers = new Workers();
  const analyses = new Analyses(folder, studies);

  /** What is said of a study, or why nothing can be: nothing is measured yet, or it is not known what devices exchange. */
  const said = async <T>(work: () => Promise<T>): Promise<T | { reason: string }> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { reason: folder.told(error.message) };
    }
  };
  const nothing = { page: null, files: [] };

  const saidOf = async ({ study }: RequestOf<'analysis'>): Promise<StudyAnalysis> => {
    const began = performance.now();
    const found = await said(async () => {
      const { analysed, version } = await analyses.of(study);
      const { answer, undecided, outcomes } = analysed;
      return { answer, reason: null, undecided, outcomes, version };
    });
    const seconds = (performance.now() - began) / 1000;
    return { answer: [], undecided: [], outcomes: [], version: '', ...found, seconds };
  };

  const drawnStudy = async ({ study }: RequestOf<'report'>) => ({
    ...nothing,
    ...(await said(async () => {
      const { analysed } = await analyses.of(study);
      const { pageOfAnalysis } = await thorough();
      const { page, files } = await rendered(keyOf(study, 'page'), () => pageOfAnalysis(analysed));
      return { page, reason: null, files: files.map((f) => f.name) };
    })),
  });

  const drawnCosts = async (request: RequestOf<'cost'>) => ({
    ...nothing,
    ...(await said(async () => {
      const { study, ...options } = request;
      costs.set(study, request);
      const { analysed } = await analyses.of(study);
      const { pageOfCosts } = await thorough();
      const { page, files } = await rendered(keyOf(study, 'cost'), () => pageOfCosts(analysed, options));
      const reason = page === null ? 'trials need a clock, and two batch sizes that reach the target' : null;
      return { page, reason, files: files.map((f) => f.name) };
    })),
  });

  /** The page beside a result. */
  const writtenPage = async (path: string): Promise<string | null> => {
    const beside = [...path.split('/').slice(0, -1), 'report.html'].join('/');
    return existsSync(await folder.place(beside)) ? beside : null;
  };

  const isStudy = async (path: string) => !/\.json$/.test(path) && (await folder.studyPlace(path)) !== '';

  const answers: Answers = {
    folder: async () => {
      const contents = await browser.contents();
      browser.settled().then((read) => {
        if (read) onSettled();
      });
      return contents;
    },
    study: async ({ study }) => ({ ...(await studies.of(study)).overview(study), cursor: 0 }),
    curves: async ({ study, trials, quantity, ...range }) => ({
      curves: (await studies.of(study)).curves(trials, quantity, range),
    }),
    tails: async ({ study, quantity, after }) => ({ curves: (await studies.of(study)).tails(after, quantity) }),
    analysis: saidOf,
    report: drawnStudy,
    cost: drawnCosts,
    result: async ({ path }) => {
      const { result, page, files } = await drawnResult(path);
      return {
        kind: result.document.kind.kind,
        page,
        files: files.map((f) => f.name),
        table: await (await thorough()).tableOf(result, false),
        written: await writtenPage(path),
      };
    },
    figure: async ({ of, part, name }) => {
      const key = keyOf(of, part);
      if (!pages.has(key)) {
        if (!(await isStudy(of))) await drawnResult(of);
        else if (part === 'cost') await drawnCosts(costs.get(of) ?? { study: of, devices: 1 });
        else await drawnStudy({ study: of });
      }
      const files = pages.get(key)?.files ?? [];
      const file = files.find((f) => f.name === name);
      if (!file) throw new FileError(of, `has no figure of this name; expected one of ${files.length} others`);
      return { text: file.text };
    },
    csv: async ({ path }) => ({ text: (await thorough()).csvText((await stored(path)).document) }),
    spectra: async ({ paths }) =>
      (await thorough()).spectraOf(
        await Promise.all(paths.map(async (called) => ({ called, file: await folder.place(called) }))),
      ),
    workers: async ({ study }) => workers.of(await studies.of(study)),
    check: async ({ text }) => (await thorough()).mistakesOfStudy(text),
    scaled: async ({ subject, image, unit, count, ...scales }) => {
      await folder.checkPaths(subject);
      scaledUnits ??= new (await thorough()).ScaledUnits();
      return scaledUnits.top({ subject, image, unit }, scales, count);
    },
    text: async ({ path }) => ({ text: await studyFileText(await folder.place(path)) }),
    forms: async () => ({ forms: (await thorough()).forms() }),
    save: async ({ path, text, before }) => {
      await saveStudyFile(await folder.place(path), text, before);
      return { done: 'saved' };
    },
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

const keyOf = (of: string, part: 'page' | 'cost') => `${part} ${of}`;

/** Studies whose analysis is kept. */
const mostAnalyses = 4;

/** Analyses of studies, each done once for what was measured so far. */
class Analyses {
  readonly #folder: ServedFolder;
  readonly #studies: OpenStudies;
  readonly #done = new Map<string, { readonly version: string; readonly analysed: Promise<AnalysedStudy> }>();

  constructor(folder: ServedFolder, studies: OpenStudies) {
    this.#folder = folder;
    this.#studies = studies;
  }

  async of(study: string): Promise<{ readonly version: string; readonly analysed: AnalysedStudy }> {
    const version = await (await this.#studies.of(study)).version();
    const known = this.#done.get(study);
    this.#done.delete(study);
    const analysed = known?.version === version ? known.analysed : this.#analyse(study);
    this.#done.set(study, { version, analysed });
    for (const old of this.#done.keys()) if (this.#done.size > mostAnalyses) this.#done.delete(old);
    return { version, analysed: await analysed };
  }

  async #analyse(study: string): Promise<AnalysedStudy> {
    const { analyseStudy } = await thorough();
    return analyseStudy(await this.#folder.studyPlace(study));
  }
}
