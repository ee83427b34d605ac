import { registerMeasurement } from '../../instrument/index.ts';
import { convolutionsKind } from '../../schema/index.ts';
import { costText, formatDuration, plural } from '../cost-text.ts';

export const convolutions = registerMeasurement({
  kind: convolutionsKind,
  label: 'convolutions',
  parts: 'layers',
  rows: ['layers', 'singularValues'],
  examples: [
    { what: 'of every convolution, with the batch norm behind it', request: { model: 'resnet20', foldNorm: true } },
  ],
  async prepare(request, { parts, signal, onProgress }) {
    const [{ runtimeOf }, { loadNetwork }, { ConvolutionsMeasurement, convolutionsCache }] = await Promise.all([
      import('../subject.ts'),
      import('../../models/index.ts'),
      import('../../stability/index.ts'),
    ]);
    const { layers, foldNorm, method, top, seed } = request;
    const wanted = {
      layers,
      foldNorm,
      method,
      top,
      seed,
      runtime: runtimeOf(request),
      network: await loadNetwork(request),
    };
    const cache = parts === undefined ? undefined : convolutionsCache(parts, wanted);
    const measurement = new ConvolutionsMeasurement({ ...wanted, cache, signal, onProgress });
    return { plan: measurement.plan, run: async () => ({ result: await measurement.run() }) };
  },
  estimate: (plan) => `${plural(plan.layers.length, 'convolution')}: ${costText(plan)}`,
  details: ({ layers }) =>
    layers.map((l) => `${l.name}, ${l.shape.join(' x ')}: ${l.method}, ${formatDuration(l.seconds)}`),
  async table(result, options) {
    const { convolutionsTable } = await import('../../report/index.ts');
    return convolutionsTable(result, options);
  },
  async page(result, options) {
    const { renderConvolutionsReport } = await import('../../report/pages.ts');
    return renderConvolutionsReport(result, { command: options.command ?? '' });
  },
});
