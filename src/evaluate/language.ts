import { breathe } from '../base/breathe.ts';
import { UsageError } from '../base/errors.ts';
import { batchify, noTarget, type TextDataset, windowCount, windowInto } from '../data/index.ts';
import { type Graph, GraphBuilder, staticShape, type TensorData, tensor } from '../onnx/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import type { EvaluatedNetwork, EvaluateOptions } from './images.ts';
import { surprise } from './losses.ts';
import { ProgramsBySize } from './programs.ts';

/** Loss and perplexity of a language model. */
export interface LanguageEvaluation {
  /** exp of the loss. */
  readonly perplexity: number;
  /** Mean cross-entropy of a token in nats. */
  readonly loss: number;
  /** Tokens that were predicted: all but the first of each stream. */
  readonly count: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
}

/** Checks that a network is for texts with this vocabulary. */
export function requireVocabulary({ name, task, classes }: Omit<EvaluatedNetwork, 'graph'>, text: TextDataset): void {
  if (task !== 'language')
    throw new UsageError(`${name} is for ${task}, ${text.name} is text; expected a language model`);
  if (text.tokenizer !== undefined) {
    // The vocabularies of models are often rounded up.
    const beyond = text.tokens.find((token) => token >= classes);
    if (beyond !== undefined)
      throw new UsageError(
        `${name} knows ${classes} tokens, ${text.tokenizer} has ${text.vocabulary.length}, ${beyond} among those of the text; is it the tokenizer of this model?`,
      );
  } else if (classes !== text.vocabulary.length) {
    throw new UsageError(
      `${name} knows ${classes} words, the vocabulary of ${text.name} has ${text.vocabulary.length}`,
    );
  }
}

/** Instead of all logits the graph gives what counts: `surprise` [N T], -log probability of each word of the input `target` [N, T]. */
function withSurprise(network: Graph, state: boolean): Graph {
  const b = new GraphBuilder(`${network.name}_surprise`);
  const inputs = Object.fromEntries(network.inputs.map((v) => [v.name, b.input(v.name, v.dtype, v.shape)]));
  const copies = b.inline(network, inputs);
  const output = (name: string) => copies.get(network.outputs.find((o) => o.name === name)!.value)!;
  const logits = output('logits');
  const [n, steps, classes] = staticShape(logits) as [number, number, number];
  const target = b.reshape(b.input('target', 'int64', [n, steps]), [n * steps]);
  b.output('surprise', surprise(b, b.reshape(logits, [n * steps, classes]), target));
  if (state) b.output('state_out', output('state_out'));
  return b.build();
}

/** By the number of streams. */
export const languagePrograms = (network: EvaluatedNetwork, runtime: RuntimeOptions): ProgramsBySize =>
  new ProgramsBySize(
    (batch) => withSurprise(network.graph(batch, network.inputShape[0]!), network.state !== undefined),
    runtime,
  );

const words = (numbers: Int32Array): BigInt64Array => BigInt64Array.from(numbers, (n) => BigInt(Math.max(0, n)));

/**
 * Perplexity of a language model on a text, read as `batchSize` (20 unless told) parallel streams in windows of the model's length. A recurrent
 * model carries its state from window to window; another one sees nothing before its window.
 */
export async function evaluateLanguage(
  network: EvaluatedNetwork,
  text: TextDataset,
  { batchSize = 20, onProgress, signal, ...runtime }: EvaluateOptions = {},
): Promise<LanguageEvaluation> {
  requireVocabulary(network, text);
  const { state: width, compiled } = network;
  const steps = network.inputShape[0]!;
  const streams = batchify(text.tokens, Math.min(batchSize, Math.floor(text.tokens.length / 2)));
  const { batch } = streams;
  const windows = windowCount(streams, steps, { tail: true });
  const [inputs, targets] = [new Int32Array(batch * steps), new Int32Array(batch * steps)];
  const { programs, feeds } = compiled ?? { programs: languagePrograms(network, runtime), feeds: {} };
  const program = await programs.of(batch);
  let state: TensorData | undefined =
    width === undefined ? undefined : tensor('float32', [batch, width], new Float32Array(batch * width));
  let [loss, count] = [0, 0];
  const began = performance.now();
  try {
    for (let window = 0; window < windows; window++) {
      count += windowInto(streams, steps, window, inputs, targets);
      const tokens = tensor('int64', [batch, steps], words(inputs));
      const target = tensor('int64', [batch, steps], words(targets));
      const outputs = await program.run({ ...feeds, tokens, target, ...(state ? { state } : {}) });
      const surprise = outputs.surprise!.data as Float32Array;
      targets.forEach((word, row) => {
        if (word !== noTarget) loss += surprise[row]!;
      });
      state = outputs.state_out;
      onProgress?.(window + 1, windows);
      await breathe(signal);
    }
  } finally {
    if (!compiled) await programs.dispose();
  }
  const seconds = (performance.now() - began) / 1000;
  return { perplexity: Math.exp(loss / count), loss: loss / count, count, seconds, tokensPerSecond: count / seconds };
}
