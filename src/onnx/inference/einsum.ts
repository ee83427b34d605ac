import { type Dim, type Node, stringAttribute } from '../graph.ts';
import { fail, type InferenceRule, inputAt } from './rule.ts';

/** An Einsum with every axis named by a letter: no ellipsis, no implied result. */
export interface Einsum {
  /** One term an operand. */
  readonly terms: readonly string[];
  readonly result: string;
  /** The size of each letter: where an operand has 1 along it and another n, it is n. */
  readonly sizes: ReadonlyMap<string, Dim>;
}

const alphabet = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** Reads the equation of an Einsum node. Throws GraphError where it does not fit the operands. */
export function einsumOf(node: Node): Einsum {
  const equation = stringAttribute(node, 'equation', '').replaceAll(' ', '');
  // Each text is matched in one way only: two ways a term are 2^n of n terms, tried one after another where the end does not fit.
  const term = '[a-zA-Z]*(?:\\.\\.\\.[a-zA-Z]*)?';
  if (!new RegExp(`^${term}(,${term})*(->${term})?$`).test(equation)) {
    fail(node, `equation "${equation}" is not supported`);
  }
  const [left = '', right] = equation.split('->');
  const written = left.split(',');
  if (written.length !== node.inputs.length) fail(node, `equation "${equation}" is for ${written.length} inputs`);
  const shapes = written.map((_, i) => inputAt(node, i).shape);
  // The dots stand for as many axes as the letters leave; those of several operands meet at the right.
  const free = alphabet.filter((letter) => !equation.includes(letter));
  const depths = written.map((t, i) => (t.includes('...') ? shapes[i]!.length - (t.length - 3) : 0));
  const deepest = depths.reduce((a, b) => Math.max(a, b), 0);
  if (deepest > free.length) fail(node, `equation "${equation}" has too many dimensions`);
  const dots = free.slice(0, deepest).join('');
  const terms = written.map((t, i) => t.replace('...', depths[i]! > 0 ? dots.slice(-depths[i]!) : ''));
  const sizes = new Map<string, Dim>();
  terms.forEach((t, i) => {
    const shape = shapes[i]!;
    if (shape.length !== t.length) fail(node, `input ${i} needs ${t.length} dimensions for "${written[i]}"`);
    [...t].forEach((letter, axis) => {
      const [known, size] = [sizes.get(letter) ?? 1, shape[axis]!];
      if (known !== 1 && size !== 1 && known !== size) fail(node, `"${letter}" is both ${known} and ${size}`);
      sizes.set(letter, known === 1 ? size : known);
    });
  });
  // Without an arrow the result has the axes of the dots, then the letters that occur once, in alphabetic order.
  const letters = [...left.replaceAll(/[,.]/g, '')].sort();
  const implied = () => dots + letters.filter((l) => letters.indexOf(l) === letters.lastIndexOf(l)).join('');
  const result = right === undefined ? implied() : right.replace('...', dots);
  for (const letter of result) if (!sizes.has(letter)) fail(node, `"${letter}" of the result is in no input`);
  return { terms, result, sizes };
}

/** Einstein summation: every letter is one dimension. */
export const einsum: InferenceRule = ({ node }) => {
  const { result, sizes } = einsumOf(node);
  return [{ dtype: inputAt(node, 0).dtype, shape: [...result].map((l) => sizes.get(l)!) }];
};
