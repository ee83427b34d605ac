import { listUnits } from '../../../app/listing/index.ts';
import { alignColumns } from '../../../report/index.ts';
import { type UnitsRequest, unitsKind } from '../../../schema/index.ts';
import { noteToUser } from '../../terminal/notes.ts';
import { printDocument } from '../../terminal/print-document.ts';

export async function run(request: UnitsRequest, { json = false }: { readonly json?: boolean }): Promise<void> {
  const { model } = request;
  const found = await listUnits(request, { onNote: noteToUser });
  const { units, skipped } = found;
  if (json) {
    printDocument(unitsKind, request, found);
    return;
  }
  for (const { name, because } of skipped) process.stderr.write(`skipped: Add "${name}" joins no unit, ${because}\n`);
  if (units.length === 0) {
    process.stdout.write(
      `${model} has no residual units: no Add joins a branch that bends with a shortcut that does not\n`,
    );
    return;
  }
  const heads = ['unit', 'stage', 'outputs x inputs', 'hidden', 'shortcut', 'final ReLU'];
  const cells = units.map((r) => [
    r.name,
    r.stage,
    r.shape.join(' x '),
    String(r.hidden ?? '-'),
    r.shortcut,
    r.finalRelu ? 'yes' : 'no',
  ]);
  process.stdout.write(`${alignColumns([heads, ...cells], { left: [0, 1, 4, 5] }).join('\n')}\n`);
}
