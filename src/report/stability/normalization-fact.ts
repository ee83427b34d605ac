import { type Html, html } from '../kit/html.ts';

/** The entry of a list of facts that says what is done to pixels in front of the network; nothing where the result does not say. */
export const normalizationFact = ({
  normalization,
}: {
  readonly normalization?: string | undefined;
}): Html | undefined =>
  normalization === undefined
    ? undefined
    : html`
<dt>normalization</dt><dd>${normalization}</dd>`;
