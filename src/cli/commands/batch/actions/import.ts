import { importMeasured } from '../../../../app/study/index.ts';
import { BallastError } from '../../../../base/errors.ts';
import { importedText } from '../../../../report/index.ts';
import { type ImportRequest, importedKind } from '../../../../schema/index.ts';
import { runningCommand } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

interface ImportOptions {
  /** Undefined: nothing is written. */
  readonly out: string | undefined;
  readonly json?: boolean;
}

export async function run(request: ImportRequest, { out, json = false }: ImportOptions): Promise<void> {
  const { summary, logs } = await importMeasured(request, { out, doing: runningCommand() }).catch((cause) => {
    throw withOptions(cause);
  });
  if (json) printDocument(importedKind, request, summary);
  else process.stdout.write(importedText(summary, logs));
}

/** What a message says to write into the mapping, as options too. */
function withOptions(cause: unknown): unknown {
  if (!(cause instanceof BallastError)) return cause;
  const message = cause.message
    .replace(/columns: \{(\w+): ("?)([^{}"]*)\2\}/g, '$& (--map $1=$3)')
    .replace(/set: \{(\w+): (\w+)\}/g, '$& (--set $1=$2)')
    .replace(/\bexamples: (\d+)/g, '$& (--set examples=$1)')
    .replace(/\b(order|restarts): (resumed|unsorted|new|same)\b/g, '$& (--$1 $2)');
  return new BallastError(message, { exitCode: cause.exitCode, cause });
}
