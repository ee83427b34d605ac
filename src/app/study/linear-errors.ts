import { UsageError } from '../../base/errors.ts';
import type { Control } from '../../instrument/index.ts';
import type { LinearErrorRow, LinearErrorsRequest } from '../../schema/index.ts';
import { measureLinearErrors } from '../../study/index.ts';
import { runtimeOf } from '../subject.ts';

/** Measures how far the steps of a study leave the region where its loss is linear, and keeps it in the study's folder. Throws UsageError for a study that nothing can be said of. */
export async function studyLinearErrors(
  request: LinearErrorsRequest,
  { signal, onProgress }: Pick<Control, 'signal' | 'onProgress'> = {},
): Promise<readonly LinearErrorRow[]> {
  const { folder, data } = request;
  const rows = await measureLinearErrors({ folder, data, runtime: runtimeOf(request), signal, onProgress });
  if (rows.length === 0)
    throw new UsageError(
      `${folder}: no strategy has a finished trial of SGD or momentum with its weights and two batch sizes`,
    );
  return rows;
}
