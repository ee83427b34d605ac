import { join } from 'node:path';
import { InputError } from '../../base/errors.ts';
import type { OnProgress } from '../../base/progress.ts';
import type { ImageDataset } from '../../data/index.ts';
import { makeFolder } from '../../formats/index.ts';
import { partCache } from '../../instrument/part-cache.ts';
import { type Network, networkIdentity, normalizationEntry } from '../../models/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import {
  type ComparedNetwork,
  type ComparedSpectrum,
  type ComparedTraining,
  type ComparisonResult,
  type PairedPoint,
  type Part,
  partForms,
} from '../../schema/index.ts';
import { holm, pairedDifference, shareInterval } from '../../verdict/index.ts';
import { environmentOf } from '../environment.ts';
import type { AttackName, Norm } from '../perturbations/index.ts';
import { measurePerturbations } from '../perturbations/perturbation-measurement.ts';
import { gradientsOf, requirePossible } from '../perturbations/perturbation-plan.ts';
import type { PerturbationRequest } from '../perturbations/perturbation-setting.ts';
import type { BlockSpectrum } from '../result.ts';
import { folderCache } from '../spectra/spectra-cache.ts';
import { SpectrumMeasurement } from '../spectra/spectrum.ts';
import type { MethodChoice } from '../units/block-plan.ts';
import { findStages, findUnits } from '../units/units.ts';
import { weightDistance } from './weight-distance.ts';

/** One of the networks of a comparison. */
export interface Member {
  readonly name: string;
  readonly network: Network;
  /** The same images for all, with labels as this network has its outputs. */
  readonly dataset: ImageDataset;
  /** Of training, where known. */
  readonly step: number | null;
  /** How the training went at that step, where its log says so. */
  readonly trained?: { readonly batchSize: number; readonly learningRate: number } | null;
}

export interface ComparisonSettings {
  /** The baseline first. */
  readonly members: readonly Member[];
  /** Positions in the data set. */
  readonly images: readonly number[];
  readonly attack: AttackName;
  readonly norm: Norm;
  /** In pixel units; growth is that of the first. */
  readonly radii: readonly number[];
  readonly steps: number;
  /** `last`, `ends`, or what `selectUnits` takes. */
  readonly units: string;
  /** Spectra are taken at the first so many images. */
  readonly spectrumImages: number;
  readonly method: MethodChoice;
  /** Leading values that a result holds. */
  readonly top: number;
  readonly seed: number;
  readonly runtime: RuntimeOptions;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Folder for finished parts, by network. */
  readonly parts?: string | undefined;
}

export interface ComparisonPlan {
  readonly networks: readonly {
    readonly name: string;
    readonly gradients: number;
    readonly spectra: number;
    readonly seconds: number;
  }[];
  readonly images: number;
  readonly radii: number;
  /** Of the spectra, all together; attacks come on top. */
  readonly seconds: number;
  readonly bytes: number;
}

/** What one network has under attack. */
type UnderAttack = Part<'comparison'>;

/** Raised whenever the numbers of a comparison change. */
const comparisonRevision = 2;

/** `last` and `ends` in the words of `selectUnits`; `none` for networks without units. */
function selectionIn(network: Network, units: string): string {
  const found = findUnits(network.graph(1));
  if (found.length === 0) return 'none';
  if (units !== 'last' && units !== 'ends') return units;
  const ends = findStages(found).map((stage) => stage.units.at(-1)!.name);
  return (units === 'last' ? ends.slice(-1) : ends).join(',');
}

/** Networks side by side at the same images, with everything prepared but the measuring. */
export class Comparison {
  readonly plan: ComparisonPlan;
  readonly #settings: ComparisonSettings;
  readonly #spectra: readonly (SpectrumMeasurement | null)[];

  private constructor(settings: ComparisonSettings, spectra: readonly (SpectrumMeasurement | null)[]) {
    this.#settings = settings;
    this.#spectra = spectra;
    const networks = settings.members.map((member, i) => ({
      name: member.name,
      gradients: gradientsOf(attackOf(settings, member)),
      spectra: spectra[i]?.plan.blocks.length ?? 0,
      seconds: spectra[i]?.plan.seconds ?? 0,
    }));
    this.plan = {
      networks,
      images: settings.images.length,
      radii: settings.radii.length,
      seconds: networks.reduce((sum, n) => sum + n.seconds, 0),
      bytes: spectra.reduce((most, s) => Math.max(most, s?.plan.bytes ?? 0), 0),
    };
  }

  /** Throws InputError for fewer than two networks and for settings that one of them does not allow. */
  static async prepare(settings: ComparisonSettings): Promise<Comparison> {
    const { members } = settings;
    if (members.length < 2)
      throw new InputError('weights', `expected at least two networks to compare, got ${members.length}`);
    return Comparison.#prepared(settings);
  }

  /** Measures one of the networks, by itself: what remains are finished parts. Throws as `prepare` does. */
  static async measureMember(settings: Omit<ComparisonSettings, 'members'> & { readonly member: Member }) {
    const { member } = settings;
    const comparison = await Comparison.#prepared({ ...settings, members: [member] });
    await comparison.#attacked(member, (f, detail) => settings.onProgress?.(f / 2, detail));
    await comparison.#spectra[0]?.run();
  }

  /** Of the networks those of which parts are missing. */
  async incomplete(): Promise<readonly Member[]> {
    const { members } = this.#settings;
    const missing = await Promise.all(
      members.map(async (member, i) => {
        if ((await this.#attackedCache(member)?.read('attacked')) === undefined) return true;
        return ((await this.#spectra[i]?.missing()) ?? []).length > 0;
      }),
    );
    return members.filter((_, i) => missing[i]);
  }

  static async #prepared(settings: ComparisonSettings): Promise<Comparison> {
    const { members, parts } = settings;
    for (const member of members) requirePossible(attackOf(settings, member));
    const spectra: (SpectrumMeasurement | null)[] = [];
    for (const { network, dataset } of members) {
      const units = selectionIn(network, settings.units);
      const { spectrumImages, method, top, seed, runtime, signal } = settings;
      const wanted = {
        ...{ network, dataset, units, stages: false, finalRelu: false, method, top, seed, runtime, signal },
        images: settings.images.slice(0, spectrumImages),
      };
      const cache = parts === undefined ? undefined : folderCache(await partsOf(parts, network), wanted);
      spectra.push(units === 'none' ? null : await SpectrumMeasurement.prepare({ ...wanted, cache }));
    }
    return new Comparison(settings, spectra);
  }

  async run(): Promise<ComparisonResult> {
    const began = performance.now();
    const { members, images, radii, attack, norm, steps, units, spectrumImages, seed, runtime, top } = this.#settings;
    const networks: ComparedNetwork[] = [];
    const answers: (readonly (readonly boolean[])[])[] = [];
    for (const [i, member] of members.entries()) {
      const report = (share: number, detail: string) =>
        this.#settings.onProgress?.((i + share) / members.length, `${member.name}: ${detail}`);
      const { right, growth } = await this.#attacked(member, (f, detail) => report(f / 2, detail));
      report(0.5, 'singular values');
      const spectra = await this.#spectra[i]?.run();
      answers.push(right);
      networks.push({
        name: member.name,
        model: member.network.name,
        weights: member.network.weights,
        ...normalizationEntry(member.network),
        ...(member.network.notes?.length ? { notes: member.network.notes } : {}),
        step: member.step,
        ...(member.step === null ? {} : { training: trainingOf(members[0]!, member) }),
        curve: right.map((row, r) => {
          const hits = row.filter(Boolean).length;
          return {
            ...{ eps: r === 0 ? 0 : radii[r - 1]!, right: hits, accuracy: hits / row.length },
            ...shareInterval(hits, row.length),
          };
        }),
        spectra: spectra
          ? meanSpectra(
              spectra.images.map((image) => image.units),
              top,
            )
          : [],
        growth,
      });
    }
    return {
      dataset: members[0]!.dataset.name,
      images,
      settings: { attack, norm, eps: radii, steps, units, spectrumImages: images.slice(0, spectrumImages), seed },
      networks,
      differences: differencesOf(members, answers, [0, ...radii]),
      environment: environmentOf(runtime),
      seconds: (performance.now() - began) / 1000,
    };
  }

  async #attacked(member: Member, report: (share: number, detail: string) => void): Promise<UnderAttack> {
    const { parts } = this.#settings;
    const attacks = parts === undefined ? undefined : await partsOf(parts, member.network);
    const cache = this.#attackedCache(member);
    const known = await cache?.read('attacked');
    if (known) return known;
    const request = { ...attackOf(this.#settings, member), onProgress: report, attacks };
    const { result, right } = await measurePerturbations(request);
    const found = { right, growth: result.byStage ?? { excess: [], final: null } };
    await cache?.write('attacked', found);
    return found;
  }

  #attackedCache({ network, dataset }: Member) {
    const { parts, images, attack, norm, radii, steps, seed, runtime } = this.#settings;
    if (parts === undefined) return undefined;
    return partCache(folderIn(parts, network), partForms.comparison, {
      ...{ measurement: 'compare', revision: comparisonRevision, network, data: dataset },
      ...{ settings: { images, attack, norm, radii, steps, seed }, runtime },
    });
  }
}

/** What a checkpoint has behind it: how far its weights are from those of the first one, and what it was trained with then. */
const trainingOf = (first: Member, { network, trained }: Member): ComparedTraining => ({
  distance: weightDistance(first.network, network),
  batchSize: trained?.batchSize ?? null,
  learningRate: trained?.learningRate ?? null,
});

/** Parts of one network: those of others have the same names. */
const folderIn = (parts: string, network: Network) => join(parts, networkIdentity(network).slice(0, 16));

async function partsOf(parts: string, network: Network): Promise<string> {
  const folder = folderIn(parts, network);
  await makeFolder(folder);
  return folder;
}

/** The attack on one network, as `measurePerturbations` takes it. */
function attackOf(settings: ComparisonSettings, { network, dataset }: Member): PerturbationRequest {
  const { images, attack, norm, radii, steps, seed, runtime, signal } = settings;
  return {
    ...{ network, dataset, images, attack, norm, radii, steps, seed, runtime, signal },
    ...{ restarts: 1, randomStart: false, noise: 'gaussian' },
  };
}

const meanOver = (rows: readonly (readonly number[])[], at: number) =>
  rows.reduce((sum, row) => sum + row[at]!, 0) / rows.length;

/** Units over images: `images` has for each image the spectra of all units. */
function meanSpectra(images: readonly (readonly BlockSpectrum[])[], top: number): ComparedSpectrum[] {
  return images[0]!.map(({ name }, u) => {
    const own = images.map((units) => units[u]!);
    const values = own.map((s) => s.singularValues);
    const count = Math.min(top, ...values.map((v) => v.length));
    const complete = own.every((s) => s.complete && s.plateau);
    return {
      name,
      values: Array.from({ length: count }, (_, k) => meanOver(values, k)),
      plateau: own[0]!.plateau?.value ?? null,
      atPlateau: complete
        ? meanOver(
            own.map((s) => [s.plateau!.count / s.singularValues.length]),
            0,
          )
        : null,
    };
  });
}

/** Of each network but the first from the first, over the same images; p values corrected for all of them. */
function differencesOf(
  members: readonly Member[],
  answers: readonly (readonly (readonly boolean[])[])[],
  radii: readonly number[],
): ComparisonResult['differences'] {
  const [baseline, ...others] = answers;
  const found = others.map((own) =>
    radii.map((eps, r): PairedPoint => {
      const only = (a: readonly boolean[], b: readonly boolean[]) => a.filter((hit, i) => hit && !b[i]).length;
      const [onlyBaseline, onlyThis] = [only(baseline![r]!, own[r]!), only(own[r]!, baseline![r]!)];
      return { eps, onlyBaseline, onlyThis, ...pairedDifference(onlyBaseline, onlyThis, own[r]!.length) };
    }),
  );
  const p = holm(found.flat().map((point) => point.p));
  return found.map((points, m) => ({
    name: members[m + 1]!.name,
    points: points.map((point, r) => ({ ...point, p: p[m * radii.length + r]! })),
  }));
}
