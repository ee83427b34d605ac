import { InputError, UsageError } from '../../base/errors.ts';
import { registerMeasurement } from '../../instrument/index.ts';
import type { Network } from '../../models/index.ts';
import { type TokensResult, tokensKind } from '../../schema/index.ts';
import { costText, plural } from '../cost-text.ts';

/** Numbers of tokens as people write them. */
function idsOf(text: string, vocabulary: number): number[] {
  const ids = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const wrong = ids.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (wrong >= 0)
    throw new InputError(
      'ids',
      `expected whole numbers from 0 to ${vocabulary - 1} with commas between them, got "${text.split(',')[wrong]!.trim().slice(0, 40)}"`,
    );
  if (ids.length < 2) throw new InputError('ids', 'expected at least two tokens');
  return ids;
}

export const tokens = registerMeasurement({
  kind: tokensKind,
  label: 'Jacobians',
  rows: ['maps'],
  examples: [
    {
      what: 'of a language model that `ballast train` made, at two windows of its text',
      request: {
        model: 'transformer4x128',
        weights: 'model.safetensors',
        dataset: 'ptb',
        data: 'ptb',
        at: '0,1',
        tokens: '7,15,31',
      },
    },
    {
      what: 'of an exported vision transformer at an image, the first tokens and the last',
      request: { model: 'vit.onnx', dataset: 'cifar10', data: 'cifar10', tokens: '0,1,196' },
    },
    {
      what: 'of a language model from elsewhere, at a text of your own and by its own tokenizer',
      request: { model: 'gpt.onnx', dataset: 'text', data: 'page.txt', tokenizer: 'tokenizer.json', tokens: '7,15,31' },
    },
  ],
  async prepare(request, control) {
    const [subject, { freshTwin, TokensMeasurement }, { tensor }, data, { loadNetwork }] = await Promise.all([
      import('../subject.ts'),
      import('../../stability/index.ts'),
      import('../../onnx/index.ts'),
      import('../../data/index.ts'),
      import('../../models/index.ts'),
    ]);
    const { length, top, radius, steps, seed, ids } = request;
    const chosen =
      request.tokens === 'last' ? ('last' as const) : subject.positionsIn(request.tokens, 2 ** 20, 'tokens');
    const common = {
      tokens: chosen,
      top,
      radius,
      steps,
      seed,
      runtime: subject.runtimeOf(request),
      signal: control.signal,
      onProgress: control.onProgress,
    };
    const controlled = (network: Network) => ({
      network,
      untrained: request.untrained && request.weights !== 'random' ? freshTwin(network, seed) : undefined,
    });
    const words = (numbers: readonly number[]) =>
      tensor('int64', [1, numbers.length], BigInt64Array.from(numbers, BigInt));
    const prepared = async () => {
      if (ids !== undefined) {
        const network = await loadNetwork(request);
        for (const note of network.notes ?? []) control.onNote?.(note);
        if (network.task !== 'language')
          throw new UsageError(`${network.name} is for ${network.task}; numbers of tokens are for language models`);
        const numbers = idsOf(ids, network.classes);
        const point = { at: 0, input: words(numbers), labels: [...numbers.slice(1), data.noTarget] };
        const graph = network.graph(1, numbers.length);
        return TokensMeasurement.prepare({
          ...common,
          ...controlled(network),
          graph,
          dataset: 'numbers of tokens',
          points: [point],
        });
      }
      const loaded = await subject.loadSplit(request, 'test', control);
      const network = await subject.loadFitted(request, loaded, control);
      if (!data.isText(loaded)) {
        const points = subject.positionsIn(request.at, loaded.count, 'at').map((at) => ({
          at,
          input: tensor('float32', [1, ...loaded.shape], data.toFloat(loaded, [at])),
          labels: [(loaded.labels[at] ?? network.classes) < network.classes ? loaded.labels[at]! : data.noTarget],
        }));
        return TokensMeasurement.prepare({
          ...common,
          ...controlled(network),
          graph: network.graph(1),
          dataset: loaded.name,
          points,
        });
      }
      const { requireVocabulary } = await import('../../evaluate/index.ts');
      requireVocabulary(network, loaded);
      const windows = Math.floor((loaded.tokens.length - 1) / length);
      const points = subject.positionsIn(request.at, windows, 'at').map((at) => {
        const text = Array.from(loaded.tokens.subarray(at * length, (at + 1) * length + 1));
        return { at, input: words(text.slice(0, -1)), labels: text.slice(1) };
      });
      return TokensMeasurement.prepare({
        ...common,
        ...controlled(network),
        graph: network.graph(1, length),
        dataset: loaded.name,
        points,
      });
    };
    const measurement = await prepared();
    return { plan: measurement.plan, run: async () => ({ result: await measurement.run() }) };
  },
  estimate: (plan) => `${plural(plan.maps.length, 'map')} of the residual stream: ${costText(plan)}`,
  details: ({ maps }) =>
    maps.map(
      (m) => `${m.name}: ${m.tokens} tokens of ${m.width}, ${m.dense ? 'written out' : 'leading values from products'}`,
    ),
  async table(result: TokensResult, options) {
    const { tokensTable } = await import('../../report/index.ts');
    return tokensTable(result, options);
  },
  async page(result: TokensResult, options) {
    const { renderTokensReport } = await import('../../report/pages.ts');
    return renderTokensReport(result, options);
  },
});
