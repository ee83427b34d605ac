import type { SpectrumResult } from '../../../stability/index.ts';
import { type Html, html } from '../../kit/html.ts';
import { blocksOf } from './spectrum-rows.ts';

/** What the words mean. */
export function glossary(): Html {
  return html`<dl class="facts">
<dt>linearization</dt><dd>The Jacobian J of a residual unit y = a·Sx + F(x) (or of a whole stage) at the activations that the image causes there, in evaluation mode. Its singular values say by how much the unit stretches or shrinks small changes.</dd>
<dt>k, n</dt><dd>n: number of singular values. k: how many inner ReLUs of the unit are active at this image.</dd>
<dt>n − 2k</dt><dd>F acts through the k active inner units only, so its Jacobian has rank at most k and JᵀJ differs from a²·SᵀS by a matrix of rank at most 2k. With an identity shortcut at least n − 2k singular values therefore equal the skip scale a exactly: the plateau. A final ReLU removes one of them for every dead output and puts a zero in its place; shortcuts that subsample have fewer to begin with.</dd>
<dt>residual</dt><dd>How far a value and its vectors are from satisfying their equations, relative to the largest singular value of the block.</dd>
</dl>`;
}

/** What the paper fixed, and what is this program's own choice. */
export function protocolNotes(result: SpectrumResult): Html {
  const blocks = result.images.flatMap(blocksOf);
  const tolerances = [...new Set(blocks.map((b) => b.tolerance))];
  return html`<ul class="notes">
<li><b>From the paper</b> (Rothauge, Yao, Hu and Mahoney, “Residual Networks as Nonlinear Systems: Stability Analysis using Linearization”, arXiv 1905.13386): linearizing units and stages of a pre-trained network at the activations of an image, and studying the singular values; the observations that most of a unit’s are 1 and that they differ little between images.</li>
<li><b>Our choice: final ReLU ${result.finalRelu ? 'in' : 'out'}.</b> Whether the ReLU after the addition belongs to the unit is not known from public sources. ${
    result.finalRelu
      ? 'Here it does: every output it kills is a zero singular value.'
      : 'Here it does not: J is that of a·Sx + F(x).'
  } The table says it for every block.</li>
<li><b>Our choice: images, tolerance, counting.</b> ${result.images.length} image${result.images.length === 1 ? '' : 's'}, by position in the test set. A value counts as being at the plateau, or at zero, within the tolerance of its row${
    tolerances.length === 1 ? html` (${String(tolerances[0])})` : ''
  }. The rank argument and the bound n − 2k are added here.</li>
${(result.notes ?? []).map((note) => html`<li><b>The network’s file.</b> ${note}.</li>`)}${(result.unmeasured ?? []).map(({ name, because }) => html`<li><b>Not measured: ${name}.</b> ${because}.</li>`)}
<li><b>Limits.</b> A linearization holds for small changes around one image. Sorted values are compared between images by rank, which says nothing about whether the singular vectors agree. Leading values of incomplete spectra bound nothing from below.</li>
</ul>`;
}
