import { modelNamed } from '../../../models/index.ts';
import { alignColumns } from '../../../report/index.ts';
import { type UnitsResult, unitsKind } from '../../../schema/index.ts';
import { featureCount, findStages, findUnits, skippedJoins } from '../../../stability/index.ts';
import { networkOf } from '../../flags/load-network.ts';
import type { ForeignOptions } from '../../flags/network.ts';
import { printDocument } from '../../terminal/print-document.ts';

export async function run(model: string, options: ForeignOptions & { json?: boolean }): Promise<void> {
  const builtIn = !model.endsWith('.onnx');
  if (builtIn) modelNamed(model);
  const network = await networkOf({ model, ...options, ...(builtIn ? { weights: 'random' } : {}) });
  const graph = network.graph(1);
  const units = findUnits(graph);
  const skipped = skippedJoins(graph);
  const stageOf = new Map(findStages(units).flatMap((stage) => stage.units.map((u) => [u, stage.name] as const)));
  const rows = units.map((u): UnitsResult['units'][number] => ({
    name: u.name,
    stage: stageOf.get(u)!,
    shape: [featureCount(u.output), featureCount(u.input)],
    shortcut: u.shortcut === u.input ? 'identity' : 'affine',
    finalRelu: u.output !== u.sum,
    hidden: u.hidden ? featureCount(u.hidden.post) : null,
  }));
  if (options.json) {
    printDocument(unitsKind, { model }, { model: network.name, units: rows, skipped });
    return;
  }
  for (const { name, because } of skipped) process.stderr.write(`skipped: Add "${name}" joins no unit, ${because}\n`);
  if (rows.length === 0) {
    process.stdout.write(
      `${model} has no residual units: no Add joins a branch that bends with a shortcut that does not\n`,
    );
    return;
  }
  const heads = ['unit', 'stage', 'outputs x inputs', 'hidden', 'shortcut', 'final ReLU'];
  const cells = rows.map((r) => [
    r.name,
    r.stage,
    r.shape.join(' x '),
    String(r.hidden ?? '-'),
    r.shortcut,
    r.finalRelu ? 'yes' : 'no',
  ]);
  process.stdout.write(`${alignColumns([heads, ...cells], { left: [0, 1, 4, 5] }).join('\n')}\n`);
}
