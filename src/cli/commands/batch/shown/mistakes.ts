import { StudyMistakes } from '../../../../app/study/index.ts';
import { FileError } from '../../../../base/errors.ts';

/** Does something with a study file; of several mistakes in it each has a line of its own on standard error. */
export async function listingMistakes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StudyMistakes) || error.mistakes.length < 2) throw error;
    const { path, mistakes } = error;
    for (const { line, message } of mistakes) process.stderr.write(`${path}:${line}: ${message}\n`);
    throw new FileError(path, `${mistakes.length} mistakes`, { cause: error });
  }
}
