/** The residual units that are found in a network. */
import type { Control } from '../../instrument/index.ts';
import { loadNetwork, modelNamed } from '../../models/index.ts';
import type { UnitsRequest, UnitsResult } from '../../schema/index.ts';
import { featureCount, findStages, findUnits, skippedJoins } from '../../stability/index.ts';

/** Throws UsageError for an unknown model, FileError for a file that holds no network. */
export async function listUnits(request: UnitsRequest, { onNote }: Pick<Control, 'onNote'> = {}): Promise<UnitsResult> {
  const { model } = request;
  const isBuiltIn = !model.endsWith('.onnx');
  if (isBuiltIn) modelNamed(model);
  const network = await loadNetwork({ ...request, ...(isBuiltIn ? { weights: 'random' } : {}) });
  for (const note of network.notes ?? []) onNote?.(`${network.name}: ${note}`);
  const graph = network.graph(1);
  const units = findUnits(graph);
  const stageOf = new Map(findStages(units).flatMap((stage) => stage.units.map((u) => [u, stage.name] as const)));
  return {
    model: network.name,
    units: units.map((u) => ({
      name: u.name,
      stage: stageOf.get(u)!,
      shape: [featureCount(u.output), featureCount(u.input)],
      shortcut: u.shortcut === u.input ? 'identity' : 'affine',
      finalRelu: u.output !== u.sum,
      hidden: u.hidden ? featureCount(u.hidden.post) : null,
    })),
    skipped: skippedJoins(graph),
  };
}
