import { registerMeasurement } from '../../instrument/index.ts';
import { studyStabilityKind } from '../../schema/index.ts';
import { formatDuration, plural } from '../cost-text.ts';

export const studyStability = registerMeasurement({
  kind: studyStabilityKind,
  command: ['batch', 'stability'],
  label: 'stability of a study',
  parts: 'models',
  rows: ['workloads', 'models'],
  examples: [
    { what: 'the networks of a study, at sixty held-out images', request: { folder: 'out/study', images: '0-59' } },
  ],
  async prepare(request, { parts, signal, onProgress }) {
    const [{ positionsIn, runtimeOf }, { StudyStabilityMeasurement }] = await Promise.all([
      import('../subject.ts'),
      import('../../comparison/index.ts'),
    ]);
    const { folder, data, workloads, all, eps, steps, spectrumImages, seed } = request;
    const measurement = await StudyStabilityMeasurement.prepare({
      ...{ folder, data, all, eps, steps, spectrumImages, seed, parts, signal, onProgress },
      workloads: workloads?.split(',').map((w) => w.trim()),
      images: positionsIn(request.images, Number.MAX_SAFE_INTEGER),
      runtime: runtimeOf(request),
    });
    return { plan: measurement.plan, run: async () => ({ result: await measurement.run() }) };
  },
  estimate: ({ models, seconds }) => `${plural(models, 'network')}: about ${formatDuration(seconds)}`,
  details: ({ workloads, skipped }) => [
    ...workloads.map((w) => `${w.name}: ${plural(w.models, 'network')}, ${formatDuration(w.seconds)}`),
    ...skipped.map(({ what, why }) => `left out: ${what} ${why}`),
  ],
  async restored(result) {
    const [{ trendsAboveChance }, { dataFacts }] = await Promise.all([
      import('../../comparison/index.ts'),
      import('../../data/index.ts'),
    ]);
    const images = result.settings.images.length;
    return {
      ...result,
      workloads: result.workloads.map((w) => {
        const classes = dataFacts[w.dataset]?.classes;
        // Of data that is not known here nobody can say what chance is.
        return classes === undefined ? w : { ...w, ...trendsAboveChance(w.models, images, classes) };
      }),
    };
  },
  async table(result, options) {
    const { studyStabilityTable } = await import('../../report/index.ts');
    return studyStabilityTable(result, options);
  },
  async page(result, options) {
    const { renderStudyStabilityReport } = await import('../../report/pages.ts');
    return renderStudyStabilityReport(result, { command: options.command ?? '' });
  },
});
