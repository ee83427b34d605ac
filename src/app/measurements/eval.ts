import { registerMeasurement } from '../../instrument/index.ts';
import { type EvaluationResult, evaluationKind } from '../../schema/index.ts';
import { formatCount } from '../cost-text.ts';

export const evaluation = registerMeasurement({
  kind: evaluationKind,
  label: 'evaluating',
  examples: [{ what: 'the accuracy of our own weights', request: { model: 'resnet20', data: 'cifar10' } }],
  async prepare(request, { signal, onProgress, onNote }) {
    const [
      { loadFitted, loadSplit, noteOrder, runtimeOf, withClassesOf },
      { evaluateNetwork, requireFiniteLoss },
      { environmentOf },
      { normalizationEntry },
      { isText },
    ] = await Promise.all([
      import('../subject.ts'),
      import('../../evaluate/index.ts'),
      import('../../stability/index.ts'),
      import('../../models/index.ts'),
      import('../../data/index.ts'),
    ]);
    const { split, batchSize } = request;
    const loaded = await loadSplit(request, split, { onProgress, onNote });
    const network = await loadFitted(request, loaded, { onNote });
    const data = withClassesOf(network, loaded, request);
    noteOrder(network, loaded, request, { onNote });
    const runtime = runtimeOf(request);
    return {
      plan: null,
      run: async () => {
        const found = await evaluateNetwork(network, data, {
          ...runtime,
          signal,
          ...(batchSize === undefined ? {} : { batchSize }),
          onProgress: (done, total) => onProgress?.(done / total, ''),
        });
        const { name: model, weights } = network;
        requireFiniteLoss(model, found.loss);
        const notes = [...(network.notes ?? []), ...(isText(data) ? [] : (data.notes ?? []))];
        const result = {
          ...{ model, weights, ...normalizationEntry(network), ...(notes.length > 0 && { notes }) },
          ...{ dataset: data.name, split, environment: environmentOf(runtime), ...found },
        };
        return { result: result as EvaluationResult };
      },
    };
  },
  estimate: () => undefined,
  details: () => [],
  table: (result) =>
    `${result.model} on ${result.dataset} (${result.split}): ${described(result)}${result.normalization === undefined ? '' : `\nnormalization: ${result.normalization}`}`,
});

function described(result: EvaluationResult): string {
  const loss = `cross-entropy ${fixed(result.loss, 4)}`;
  switch (result.task) {
    case 'classification':
      return `accuracy ${percent(result.accuracy)}, ${loss} over ${formatCount(result.count)} images (${Math.round(result.imagesPerSecond)} images/s)`;
    case 'segmentation': {
      const width = Math.max(...result.classes.map((c) => c.name.length));
      const rows = result.classes.map(
        ({ name, iou, pixels }) =>
          `\n  ${name.padEnd(width)}  ${iou === undefined ? '     -' : iou.toFixed(4)}  ${formatCount(pixels).padStart(11)} pixels`,
      );
      return (
        `mean IoU ${result.meanIoU.toFixed(4)}, ${percent(result.pixelAccuracy)} of the pixels, ${loss} over ${formatCount(result.count)} images ` +
        `(${result.imagesPerSecond.toFixed(1)} images/s)${rows.join('')}`
      );
    }
    case 'language':
      return `perplexity ${fixed(result.perplexity, 2)}, ${loss} over ${formatCount(result.count)} tokens (${Math.round(result.tokensPerSecond)} tokens/s)`;
  }
}

/** A stored result has null where a number overflowed. */
const fixed = (value: number | null, digits: number) => (value ?? Number.NaN).toFixed(digits);
const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`;
