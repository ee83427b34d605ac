import vm from 'node:vm';
import { UsageError } from '../../../base/errors.ts';
import { quote } from '../../../formats/index.ts';

/** How long a pattern may take for the texts of one call. */
const patience = 2000;

/** The groups of a match, name and text. */
export type Groups = readonly (readonly [string, string])[];

/**
 * A user's regular expression with named groups, as a function of texts that gives the groups of the first match in each. It runs in a context of its own, which can be interrupted: a pattern
 * such as `(a+)+$` would otherwise take years on one line. `what` opens the messages.
 *
 * Throws UsageError for a pattern that is none or names none of the `groups` (any, where they are not given), and, when it is used, for one that takes too long.
 */
export function namedGroups(
  pattern: string,
  what: string,
  groups: readonly string[] = ['[A-Za-z_$][\\w$]*'],
): (texts: readonly string[]) => Groups[] {
  try {
    new RegExp(pattern);
  } catch (cause) {
    throw new UsageError(`${what} ${quote(pattern)} is no regular expression`, { cause });
  }
  if (!new RegExp(`\\(\\?<(?:${groups.join('|')})>`).test(pattern))
    throw new UsageError(
      `${what} ${quote(pattern)} names no group; expected such as (?<${groups[0]!.replace(/\W.*/, '') || 'loss'}>[0-9.]+)`,
    );
  const context = vm.createContext({ pattern, texts: '[]' });
  vm.runInContext('const regex = new RegExp(pattern)', context);
  const script = new vm.Script(
    'JSON.stringify(JSON.parse(texts).map((t) => Object.entries(regex.exec(t)?.groups ?? {}).filter((g) => g[1] !== undefined)))',
  );
  return (texts) => {
    context.texts = JSON.stringify(texts);
    try {
      return JSON.parse(script.runInContext(context, { timeout: patience }));
    } catch (cause) {
      throw new UsageError(
        `${what} ${quote(pattern)} takes more than ${patience / 1000} s for ${texts.length} lines; expected one without repetitions in repetitions`,
        { cause },
      );
    }
  };
}
