import { checkRequest, spectrumKind } from '../../schema/index.ts';
import { ScaledUnit, type TopOfSpectrum } from '../../stability/index.ts';
import { loadSubject, runtimeOf } from '../subject.ts';

/** Which unit of which network, as a request of a spectrum names them. */
export interface ScaledUnitOf {
  readonly subject: Readonly<Record<string, unknown>>;
  readonly image: number;
  readonly unit: string;
}

/** Units that somebody scales with sliders: the last one stays linearized. */
export class ScaledUnits {
  #open: { readonly key: string; readonly unit: Promise<ScaledUnit> } | undefined;

  /** The largest singular values with these scales. Throws InputError, UsageError and FileError for what is not there. */
  async top(
    of: ScaledUnitOf,
    scales: { readonly skipScale: number; readonly weightScale: number },
    count: number,
  ): Promise<TopOfSpectrum> {
    const unit = await this.#unit(of);
    return unit.top(scales, count);
  }

  #unit(of: ScaledUnitOf): Promise<ScaledUnit> {
    const key = JSON.stringify(of);
    if (this.#open?.key === key) return this.#open.unit;
    const before = this.#open?.unit;
    const unit = opened(of);
    this.#open = { key, unit };
    before?.then(
      (old) => old.dispose(),
      () => {
        // It was never open.
      },
    );
    unit.catch(() => {
      if (this.#open?.unit === unit) this.#open = undefined;
    });
    return unit;
  }
}

async function opened({ subject, image, unit }: ScaledUnitOf): Promise<ScaledUnit> {
  const request = checkRequest(spectrumKind.request, { ...subject, images: String(image), units: unit });
  const { network, dataset, images } = await loadSubject(request, {});
  return ScaledUnit.open({ network, dataset, image: images[0]!, unit, runtime: runtimeOf(request) });
}
