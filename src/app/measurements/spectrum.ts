import { join } from 'node:path';
import { z } from 'zod';
import { type Control, registerMeasurement } from '../../instrument/index.ts';
import { type Of, spectrumKind } from '../../schema/index.ts';
import { blockLines, costText, plural } from '../cost-text.ts';

/** A measurement with everything but the spectra done, and what it is of. */
async function opened(request: Of<typeof spectrumKind.request>, { parts, signal, onProgress, onNote }: Control) {
  const [{ loadSubject, runtimeOf }, { folderCache, SpectrumMeasurement }] = await Promise.all([
    import('../subject.ts'),
    import('../../stability/index.ts'),
  ]);
  const { units, stages, whole, finalRelu, method, top, seed } = request;
  const subject = await loadSubject(request, { onProgress, onNote });
  const wanted = {
    ...subject,
    ...{ units, stages, whole, finalRelu, method, top, seed, runtime: runtimeOf(request), signal, onProgress },
  };
  const cache = parts === undefined ? undefined : folderCache(parts, wanted);
  return [await SpectrumMeasurement.prepare({ ...wanted, cache }), subject] as const;
}

/** What a piece replaces of its request. */
const pieceForm = z.strictObject({
  images: z.array(z.int().min(0)).min(1),
  units: z.string().min(1),
  stages: z.boolean(),
});

export const spectrum = registerMeasurement({
  kind: spectrumKind,
  label: 'spectra',
  parts: 'spectra',
  rows: ['images', ['units', 'stages', 'network'], 'singularValues'],
  examples: [
    { what: 'of a ResNet-20 at the first test image', request: { model: 'resnet20', data: 'cifar10' } },
    {
      what: 'of two units and all stages of an exported network, on pictures that are drawn on the spot',
      request: { model: 'network.onnx', dataset: 'shapes', images: '0-3', units: 'layer3.0,layer3.1', stages: true },
    },
  ],
  async prepare(request, control) {
    const [measurement, { dataset, images }] = await opened(request, control);
    return {
      plan: { ...measurement.plan, images: images.length },
      run: async () => {
        const [{ picturesOf }, { spectrumPieces }] = await Promise.all([
          import('../pictures.ts'),
          import('../../stability/index.ts'),
        ]);
        await control.handOut?.(spectrumPieces(await measurement.missing()));
        return { result: await measurement.run(), extra: picturesOf(dataset, images) };
      },
    };
  },
  estimate: (plan) =>
    `${plural(plan.blocks.length, 'spectrum', 'spectra')} at ${plural(plan.images, 'image')}: ${costText(plan)}`,
  pieces: {
    form: pieceForm,
    data: ({ dataset }) => ({ dataset, splits: ['test'] }),
    async compute(request, piece, control) {
      const { GraphError } = await import('../../onnx/index.ts');
      const [measurement] = await opened({ ...request, ...pieceForm.parse(piece), whole: false }, control);
      try {
        await measurement.run();
      } catch (error) {
        // A block without a derivative: whoever asked comes to the same, and says so.
        if (!(error instanceof GraphError)) throw error;
      }
    },
  },
  async table(result, { color }) {
    const { spectrumTable, terminalPlot } = await import('../../report/index.ts');
    return `${spectrumTable(result, { color })}\n${terminalPlot(result, { color })}`;
  },
  details: ({ blocks }) => blockLines(blocks),
  async page(result, { command, extra }) {
    const { renderSpectrumReport } = await import('../../report/pages.ts');
    return renderSpectrumReport(result, { ...(extra && { images: extra }), ...(command && { command }) });
  },
  async files({ images }, folder) {
    const [{ writeNpz }, { tensor }, { blocksOf }] = await Promise.all([
      import('../../formats/index.ts'),
      import('../../onnx/index.ts'),
      import('../../report/index.ts'),
    ]);
    const values = images.flatMap((image) =>
      blocksOf(image).map(
        ({ name, singularValues }) =>
          [
            `${name}@${image.index}`,
            tensor('float64', [singularValues.length], Float64Array.from(singularValues)),
          ] as const,
      ),
    );
    await writeNpz(join(folder, 'singular-values.npz'), new Map(values));
  },
});
