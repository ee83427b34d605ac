import { registerMeasurement } from '../../instrument/index.ts';
import { interventionKind } from '../../schema/index.ts';
import { costText, formatDuration } from '../cost-text.ts';

/** Steps of PGD where perturbations are followed through the changed networks. */
const growthSteps = 10;

export const intervene = registerMeasurement({
  kind: interventionKind,
  label: 'interventions',
  parts: 'interventions',
  rows: ['scales', 'units', 'singularValues'],
  examples: [
    {
      what: 'one unit of a ResNet-20 without its skip connection, and with it doubled',
      request: { model: 'resnet20', data: 'cifar10', unit: 'layer3.1', skipScale: [0, 1, 2] },
    },
  ],
  async prepare(request, { parts, signal, onProgress, onNote }) {
    const [{ loadSubject, positionsIn, runtimeOf }, { InterventionMeasurement, interventionCache }] = await Promise.all(
      [import('../subject.ts'), import('../../stability/index.ts')],
    );
    const subject = await loadSubject(request, { onProgress, onNote });
    const { unit, measure, skipScale, weightScale, recompute, evalImages, growth, eps } = request;
    const { finalRelu, method, top, seed } = request;
    const wanted = {
      ...subject,
      ...{ units: unit, measured: measure, skipScales: skipScale, weightScales: weightScale },
      operatingPoint: recompute ? ('recomputed' as const) : ('frozen' as const),
      evaluationImages: evalImages,
      ...(growth === undefined
        ? {}
        : { growth: { images: positionsIn(growth, subject.dataset.count, 'growth'), eps, steps: growthSteps } }),
      ...{ finalRelu, method, top, seed, runtime: runtimeOf(request), signal, onProgress },
    };
    const cache = parts === undefined ? undefined : interventionCache(parts, wanted);
    const measurement = await InterventionMeasurement.prepare({ ...wanted, cache });
    return { plan: measurement.plan, run: async () => ({ result: await measurement.run() }) };
  },
  estimate: (plan) =>
    `${plan.spectra.length} spectra of ${plan.networks} networks, with their accuracies: ${costText(plan)}`,
  details: ({ spectra, evaluationSeconds, growthSeconds }) => [
    ...spectra.map(
      (s) =>
        `${s.name} at image ${s.image}, skip ${s.skipScale}, weights ${s.weightScale}: ${s.method}, ${formatDuration(s.seconds)}`,
    ),
    `accuracies: ${formatDuration(evaluationSeconds)}`,
    ...(growthSeconds > 0 ? [`perturbations: ${formatDuration(growthSeconds)}`] : []),
  ],
  async table(result, options) {
    const { interventionTable } = await import('../../report/index.ts');
    return interventionTable(result, options).trimEnd();
  },
  async page(result, { command }) {
    const { renderInterventionReport } = await import('../../report/pages.ts');
    return renderInterventionReport(result, command === undefined ? {} : { command });
  },
});
