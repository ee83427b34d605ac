import type { ResponseOf } from '../../schema/serve/index.ts';
import { gridOf, parseStudyFile, StudyMistakes } from '../../study/index.ts';

/** The mistakes of a study file, by line, and what it asks for where there are none. Nothing is read but the text. */
export function mistakesOfStudy(text: string): ResponseOf<'check'> {
  const nothing = { workloads: [], trials: 0, runsCommands: false };
  try {
    const { grid, mistakes } = gridOf(parseStudyFile(text, 'the study'));
    return {
      mistakes: mistakes.map(({ line, message }) => ({ line, message })),
      workloads: grid.workloads.map((w) => w.name),
      trials: grid.points.length,
      runsCommands: grid.workloads.some((w) => w.kind === 'command'),
    };
  } catch (error) {
    if (!(error instanceof StudyMistakes)) throw error;
    return { mistakes: error.mistakes.map(({ line, message }) => ({ line, message })), ...nothing };
  }
}
