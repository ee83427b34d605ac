import { registerMeasurement } from '../../instrument/index.ts';
import { eigenvaluesKind } from '../../schema/index.ts';
import { blockLines, costText, plural } from '../cost-text.ts';

export const eigenvalues = registerMeasurement({
  kind: eigenvaluesKind,
  label: 'eigenvalues',
  parts: 'branches',
  rows: ['branches', 'eigenvalues'],
  examples: [
    { what: 'of two units at an image', request: { model: 'resnet20', data: 'cifar10', units: 'layer3.1,layer3.2' } },
  ],
  async prepare(request, { parts, signal, onProgress, onNote }) {
    const [{ loadSubject, runtimeOf }, { EigenvaluesMeasurement, eigenvaluesCache }] = await Promise.all([
      import('../subject.ts'),
      import('../../stability/index.ts'),
    ]);
    const { units, method, top, seed } = request;
    const subject = await loadSubject(request, { onProgress, onNote });
    const wanted = { ...subject, units, method, top, seed, runtime: runtimeOf(request), signal, onProgress };
    const cache = parts === undefined ? undefined : eigenvaluesCache(parts, wanted);
    const measurement = await EigenvaluesMeasurement.prepare({ ...wanted, cache });
    const plan = { ...measurement.plan, images: subject.images.length };
    return { plan, run: async () => ({ result: await measurement.run() }) };
  },
  estimate: (plan) =>
    `${plural(plan.branches.length, 'branch', 'branches')} at ${plural(plan.images, 'image')}: ${costText(plan)}`,
  details: ({ branches, skipped }) => [
    ...blockLines(branches),
    ...skipped.map((name) => `${name}: left out, its shortcut is not the identity`),
  ],
  async table(result, options) {
    const { eigenvaluesTable } = await import('../../report/index.ts');
    return eigenvaluesTable(result, options);
  },
  async page(result, options) {
    const { renderEigenvaluesReport } = await import('../../report/pages.ts');
    return renderEigenvaluesReport(result, { command: options.command ?? '' });
  },
});
