import { join } from 'node:path';
import type { z } from 'zod';
import { InputError } from '../base/errors.ts';
import type { OnProgress } from '../base/progress.ts';
import { makeFolder, writeFileAtomic } from '../formats/index.ts';
import { type Measurement, measurementNamed, type OfferedPiece } from '../instrument/index.ts';
import { checkRequest, type Of, type StoredDocument, toDocument } from '../schema/index.ts';
import type { builtIn } from './measurements/index.ts';
import { openOutput } from './output-folder.ts';
import type { PiecesHandOut } from './queue/hand-out-pieces.ts';

type BuiltIn = typeof builtIn;
/** Names of the measurements that Ballast brings along. */
export type MeasurementName = keyof BuiltIn;

/** What a measurement takes beside its request: where it goes, who is told, and when it is to stop. */
export interface MeasureOptions {
  /** Folder for the result, its page and finished parts: an interrupted run goes on where it stopped. Nothing is written without. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Told what a user should know and cannot see, a sentence each. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Told before the long part. */
  readonly onPlan?: ((plan: MeasurementPlan) => void) | undefined;
  /** What the page says it was made by. */
  readonly command?: string | undefined;
  /** Have pieces computed by workers, for measurements that can be computed in pieces; needs `out`. */
  readonly handOut?: PiecesHandOut | undefined;
}

/** What a measurement will do and cost. */
export interface MeasurementPlan {
  readonly plan: unknown;
  readonly estimate: string | undefined;
  readonly details: readonly string[];
}

export interface Outcome {
  readonly document: StoredDocument;
  readonly result: unknown;
  /** Path of the page, where one was written. */
  readonly page?: string;
}

/** A measurement under way: prepared, to be run or not. Call `dispose` at the end. */
export interface Underway extends MeasurementPlan {
  run(): Promise<Outcome>;
  dispose(): Promise<void>;
}

/** Keys that say where, and how fast, and not what is computed. */
const beside = ['threads', 'device', 'emission', 'download'];

/** All of a request that decides the result. */
const decisive = (request: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(request).filter(([key]) => !beside.includes(key)));

/** What the owner of a folder is said to be doing. */
const doing = ({ kind, command = [kind.kind] }: Measurement) => ['ballast', ...command].join(' ');

/** The way to workers, where pieces are handed out. Throws InputError for what cannot be. */
async function handingOut(
  measurement: Measurement,
  request: Readonly<Record<string, unknown>>,
  { out, handOut, parts, signal, onProgress, onNote }: MeasureOptions & { readonly parts: string | undefined },
) {
  if (handOut === undefined) return undefined;
  if (measurement.pieces === undefined || parts === undefined || out === undefined)
    throw new InputError(
      'queue',
      out === undefined
        ? 'needs a folder for the result, in which workers find their pieces'
        : `${measurement.kind.kind} is not computed in pieces`,
    );
  const { HandingOut } = await import('./queue/hand-out-pieces.ts');
  return new HandingOut({
    ...{ measurement, request, out, parts, handOut, signal, onProgress, onNote },
    doing: doing(measurement),
  });
}

/** Checks a request and prepares its measurement. Throws InputError for a request that cannot be. */
export async function prepare(
  measurement: Measurement,
  given: unknown,
  options: MeasureOptions = {},
): Promise<Underway> {
  const { out, signal, onProgress, onNote, command } = options;
  const { kind } = measurement;
  const request: Readonly<Record<string, unknown>> & Of<typeof kind.request> = checkRequest(kind.request, given);
  const parts = out === undefined || measurement.parts === undefined ? undefined : join(out, measurement.parts);
  const handing = await handingOut(measurement, request, { ...options, parts });
  const handOut = handing && ((pieces: readonly OfferedPiece[]) => handing.handOut(pieces));
  const prepared = await measurement.prepare(request, { signal, onProgress, onNote, parts, handOut });
  const { plan } = prepared;
  return {
    plan,
    estimate: measurement.estimate(plan, request),
    details: measurement.details(plan, request),
    async run() {
      if (out === undefined) {
        const { result } = await prepared.run();
        return { document: toDocument(kind, request, result), result };
      }
      // Before the long part, so that a folder that cannot be written, or is another's, costs nothing.
      const folder = await openOutput(out, { kind: kind.kind, request: decisive(request) }, doing(measurement));
      try {
        if (parts !== undefined) await makeFolder(parts);
        await handing?.collect();
        const { result, extra } = await prepared.run();
        const document = toDocument(kind, request, result);
        await writeFileAtomic(join(out, 'result.json'), JSON.stringify(document));
        await handing?.end();
        await measurement.files?.(result, out);
        if (!measurement.page) return { document, result };
        const page = join(out, 'report.html');
        await writeFileAtomic(page, await measurement.page(result, { ...(command && { command }), extra }));
        return { document, result, page };
      } finally {
        folder.release();
      }
    },
    dispose: async () => prepared.dispose?.(),
  };
}

type RequestOf<Name extends MeasurementName> = z.input<BuiltIn[Name]['kind']['request']>;
type ResultOf<Name extends MeasurementName> = Of<BuiltIn[Name]['kind']['result']>;

/**
 * Measures, with the defaults of the command of the same name:
 *
 * ```ts
 * const { images } = await measure('spectrum', { model: 'resnet20', dataset: 'shapes', units: 'layer3.1' });
 * ```
 *
 * Throws InputError for a request that cannot be, UsageError and FileError for a network or data that are not there, and AbortError when told to stop.
 */
export async function measure<Name extends MeasurementName>(
  name: Name,
  request: RequestOf<Name>,
  options?: MeasureOptions,
): Promise<ResultOf<Name>>;
/** The same for a measurement of one's own: see `registerMeasurement`. */
export async function measure(name: string, request: unknown, options?: MeasureOptions): Promise<unknown>;
export async function measure(name: string, request: unknown, options: MeasureOptions = {}): Promise<unknown> {
  await import('./measurements/index.ts');
  const underway = await prepare(measurementNamed(name), request, options);
  try {
    const { plan, estimate, details } = underway;
    options.onPlan?.({ plan, estimate, details });
    return (await underway.run()).result;
  } finally {
    await underway.dispose();
  }
}
