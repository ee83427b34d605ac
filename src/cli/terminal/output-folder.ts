import { requireFree } from '../../app/index.ts';
import { owningFolder } from '../../formats/index.ts';

/** The command that runs, as its first words say. */
export function runningCommand(): string {
  const words = process.argv.slice(2);
  const options = words.findIndex((word) => word.startsWith('-'));
  return ['ballast', ...words.slice(0, options < 0 ? undefined : options)].join(' ');
}

/**
 * Does something in a folder that holds nothing else of ours than the files `own` tell, as its only owner: from before anything is read there until
 * everything is written. Throws as `requireFree` and `ownFolder` do.
 */
export async function alone<T>(out: string, own: readonly string[], work: () => Promise<T>): Promise<T> {
  requireFree(out, own);
  return owningFolder(out, { doing: runningCommand() }, () => {
    requireFree(out, own);
    return work();
  });
}
