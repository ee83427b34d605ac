import type { ComparisonResult, InterventionResult, SpectrumResult } from '../../schema/index.ts';
import type { OneSpectrum } from '../../schema/serve/index.ts';
import { type StoredResult, storedResults } from '../stored-results.ts';

/** Values of a spectrum that are given for drawing. */
const mostValues = 512;

/** Places of so many values of a descending list: the first ones and then evenly in the logarithm, with the last. */
function places(count: number): number[] {
  if (count <= mostValues) return Array.from({ length: count }, (_, i) => i);
  const ratio = count ** (1 / (mostValues - 1));
  const found = new Set<number>();
  for (let i = 0; i < mostValues; i++) found.add(Math.min(count - 1, Math.round(ratio ** i) - 1));
  const even = Array.from({ length: mostValues / 2 }, (_, i) => Math.round((i * (count - 1)) / (mostValues / 2 - 1)));
  return [...new Set([...found, ...even])].sort((a, b) => a - b);
}

interface Block {
  readonly name: string;
  readonly singularValues: readonly number[];
}

const taken = (
  { name, singularValues }: Block,
  depth: number,
  of: Omit<OneSpectrum, 'unit' | 'depth' | 'count' | 'index' | 'value'>,
): OneSpectrum => {
  const index = places(singularValues.length);
  return { ...of, unit: name, depth, count: singularValues.length, index, value: index.map((i) => singularValues[i]!) };
};

function spectraIn({ document }: StoredResult, path: string): OneSpectrum[] | undefined {
  if (document.kind.kind === 'spectrum') {
    const { model, weights, images } = document.result as SpectrumResult;
    return images.flatMap((image) => {
      const of = { path, network: `${model}, ${weights}`, image: image.index, setting: '' };
      return [...image.units.map((u, depth) => taken(u, depth, of)), ...image.stages.map((s) => taken(s, -1, of))];
    });
  }
  if (document.kind.kind === 'intervene') {
    const { model, weights, unchanged, scales } = document.result as InterventionResult;
    return [unchanged, ...scales].flatMap((network) => {
      const { skipScale, weightScale, units } = network;
      const setting = network === unchanged ? 'unchanged' : `skip × ${skipScale}, branch × ${weightScale}`;
      return units.map((u, depth) =>
        taken(u, depth, { path, network: `${model}, ${weights}`, image: u.image, setting }),
      );
    });
  }
  if (document.kind.kind === 'compare') {
    const { networks } = document.result as ComparisonResult;
    return networks.flatMap(({ name, step, spectra }) =>
      spectra.map((s, depth) => {
        const network = step === null ? name : `${name}, step ${step}`;
        return taken({ name: s.name, singularValues: s.values }, depth, { path, network, image: null, setting: '' });
      }),
    );
  }
  return undefined;
}

/** The spectra in stored results, long ones thinned. `called`: what each file is called by. Throws FileError. */
export async function spectraOf(
  files: readonly { readonly file: string; readonly called: string }[],
): Promise<{ spectra: OneSpectrum[]; notes: string[] }> {
  const spectra: OneSpectrum[] = [];
  const notes: string[] = [];
  for (const { file, called } of files) {
    for (const stored of await storedResults(file)) {
      const found = spectraIn(stored, called);
      if (found) spectra.push(...found);
      else notes.push(`${called}: a ${stored.document.kind.kind} has no spectra`);
    }
  }
  return { spectra, notes };
}
