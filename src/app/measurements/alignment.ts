import { registerMeasurement } from '../../instrument/index.ts';
import { alignmentKind } from '../../schema/index.ts';
import { costText, formatCount, formatDuration, plural } from '../cost-text.ts';

export const alignment = registerMeasurement({
  kind: alignmentKind,
  label: 'alignment',
  parts: 'stages',
  rows: ['stages'],
  examples: [
    {
      what: 'of the branches of every stage at four images',
      request: { model: 'resnet20', data: 'cifar10', images: '0-3' },
    },
  ],
  async prepare(request, { parts, signal, onProgress, onNote }) {
    const [{ loadSubject, runtimeOf }, { AlignmentMeasurement, alignmentCache }] = await Promise.all([
      import('../subject.ts'),
      import('../../stability/index.ts'),
    ]);
    const { top, seed } = request;
    const subject = await loadSubject(request, { onProgress, onNote });
    const wanted = { ...subject, top, seed, runtime: runtimeOf(request), signal, onProgress };
    const cache = parts === undefined ? undefined : alignmentCache(parts, wanted);
    const measurement = await AlignmentMeasurement.prepare({ ...wanted, cache });
    return { plan: measurement.plan, run: async () => ({ result: await measurement.run() }) };
  },
  estimate: (plan) => `${plural(plan.stages.length, 'stage')} at ${plural(plan.images, 'image')}: ${costText(plan)}`,
  details: ({ stages, skipped }) => [
    ...stages.map(
      (s) => `${s.name}, ${s.units.length} units of ${formatCount(s.size)}: ${formatDuration(s.seconds)} an image`,
    ),
    ...skipped.map((name) => `${name}: left out, it has no other of its shape to be compared with`),
  ],
  async table(result, options) {
    const { alignmentTable } = await import('../../report/index.ts');
    return alignmentTable(result, options);
  },
  async page(result, options) {
    const { renderAlignmentReport } = await import('../../report/pages.ts');
    return renderAlignmentReport(result, { command: options.command ?? '' });
  },
});
