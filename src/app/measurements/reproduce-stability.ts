import { registerMeasurement } from '../../instrument/index.ts';
import { reproductionKind } from '../../schema/index.ts';
import { blockLines, costText, formatDuration, plural } from '../cost-text.ts';

export const reproduceStability = registerMeasurement({
  kind: reproductionKind,
  command: ['reproduce', 'stability'],
  label: 'reproduction',
  parts: 'parts',
  rows: ['active'],
  examples: [{ what: 'the whole of the paper on our own ResNet-56', request: { data: 'cifar10' } }],
  async prepare(request, { parts, signal, onProgress, onNote }) {
    const [{ loadSubject, runtimeOf }, { Reproduction, partFolders, untrainedControl }, { makeFolder }] =
      await Promise.all([
        import('../subject.ts'),
        import('../../stability/index.ts'),
        import('../../formats/index.ts'),
      ]);
    const subject = await loadSubject({ ...request, images: `0-${request.images - 1}` }, { onProgress, onNote });
    const { spectrumImages, units, completeOnce, spectrumMinutes, eps, steps } = request;
    const { projectionSteps, projectionImages, top, finalRelu, evalImages, pictures, seed } = request;
    const reproduction = await Reproduction.prepare({
      ...subject,
      ...{ spectrumImages, units, completeOnce, spectrumMinutes, eps, steps, projectionSteps, projectionImages },
      ...{ top, finalRelu },
      untrained: await untrainedControl({ ...subject, seed, runtime: runtimeOf(request) }),
      evaluationImages: evalImages,
      ...{ seed, runtime: runtimeOf(request), signal, onProgress, parts },
    });
    return {
      plan: { ...reproduction.plan, images: subject.images.length },
      run: async () => {
        for (const folder of parts ? Object.values(partFolders(parts)) : []) await makeFolder(folder);
        const { result, pixels } = await reproduction.run();
        return { result, extra: { pixels: pictures ? pixels : [], shape: subject.dataset.shape } };
      },
    };
  },
  estimate: ({ seconds, bytes, units, images }) =>
    `complete spectra of ${plural(units.length, 'unit')}, interventions, ${plural(images, 'perturbed image')}: ${costText({ seconds: seconds.total, bytes })}`,
  details: ({ spectra, seconds }) => [
    ...blockLines(spectra),
    `interventions: ${formatDuration(seconds.interventions)}`,
    `perturbations: ${formatDuration(seconds.perturbations)}`,
    `projections: ${formatDuration(seconds.projections)}`,
  ],
  async table(result) {
    const { reproductionTable } = await import('../../report/index.ts');
    return reproductionTable(result);
  },
  async page(result, { command, extra }) {
    const { renderReproductionReport } = await import('../../report/pages.ts');
    const seen = extra ?? { pixels: [], shape: [3, 1, 1] as const };
    return renderReproductionReport(result, { ...seen, command: command ?? '' });
  },
});
