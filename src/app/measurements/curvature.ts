import { registerMeasurement } from '../../instrument/index.ts';
import { curvatureKind } from '../../schema/index.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../cost-text.ts';

export const curvature = registerMeasurement({
  kind: curvatureKind,
  label: 'curvature',
  rows: [['eigenvalues', 'smallest']],
  examples: [
    {
      what: 'the five largest eigenvalues and the density of the whole spectrum, on training images',
      request: { model: 'resnet20', data: 'cifar10', density: true },
    },
  ],
  async prepare(request, { signal, onProgress, onNote }) {
    const [{ loadSubject, runtimeOf }, { CurvatureMeasurement }] = await Promise.all([
      import('../subject.ts'),
      import('../../stability/index.ts'),
    ]);
    const { split, top, bottom, density, probes, steps, microBatch, seed } = request;
    const measurement = await CurvatureMeasurement.prepare({
      ...(await loadSubject(request, { onProgress, onNote }, { split, needsLabels: true })),
      ...{ split, largest: top, smallest: bottom, probes, densitySteps: density ? steps : undefined, microBatch },
      ...{ seed, runtime: runtimeOf(request), signal, onProgress },
    });
    return {
      plan: measurement.plan,
      run: async () => ({ result: await measurement.run() }),
      dispose: () => measurement.dispose(),
    };
  },
  estimate: ({ parameters, examples, microBatch, secondsPerProduct, products, seconds, bytes }) =>
    `${plural(parameters, 'parameter')}, ${plural(examples, 'example')} (${formatCount(microBatch)} a call): a Hessian-vector product takes ${formatDuration(secondsPerProduct)}\n` +
    `up to ${formatCount(products.eigenvalues)} of them for the eigenvalues, ${formatCount(products.probes)} for the probes: ` +
    `at most ${formatDuration(seconds)}, up to ${formatBytes(bytes)} of memory`,
  details: () => [],
  async table(result, options) {
    const { curvatureTable } = await import('../../report/index.ts');
    return curvatureTable(result, options);
  },
  async page(result, { command }) {
    const { renderCurvatureReport } = await import('../../report/pages.ts');
    return renderCurvatureReport(result, command === undefined ? {} : { command });
  },
});
