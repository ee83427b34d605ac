import type { z } from 'zod';
import { InputError } from '../base/errors.ts';
import { didYouMean } from '../base/names.ts';
import type { OnProgress } from '../base/progress.ts';
import { type FileKey, type Kind, kindNamed, type Of, registerKind } from '../schema/index.ts';

/** What a measurement takes beside its request. */
export interface Control {
  readonly signal?: AbortSignal | undefined;
  /** `fraction` 0 .. 1 of the whole by its estimate. */
  readonly onProgress?: OnProgress | undefined;
  /** Told what a user should know and cannot see: what was passed over, what was assumed. A sentence each. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Folder for finished parts, below the folder of the result: an interrupted run goes on from them. Nothing is kept without. */
  readonly parts?: string | undefined;
  /** Has pieces computed elsewhere, and resolves when the finished parts of all of them are in `parts`; absent where everything is computed here. Throws BallastError for pieces that failed there, AbortError when told to stop. */
  readonly handOut?: ((pieces: readonly OfferedPiece[]) => Promise<void>) | undefined;
  /** Folder that came with a piece (`OfferedPiece.given`). */
  readonly given?: string | undefined;
  /** Whether a piece may run the command of a study. */
  readonly commands?: boolean | undefined;
}

/** A piece of a measurement that may be computed elsewhere. */
export interface OfferedPiece {
  /** Which, in the form of the measurement's `pieces`. */
  readonly piece: unknown;
  /** Keys of its request that are not as those of the whole; null takes one out. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  /** Folders that its request names, by key, with the files in them that are needed; files that it names go with it in any case. */
  readonly files?: Readonly<Partial<Record<FileKey, NeededFiles>>> | undefined;
  /** A folder that it needs beside its request. */
  readonly given?: NeededFiles | undefined;
  /** How much work it is, against others of its measurement. */
  readonly work: number;
  /** Whether it runs the command of a study. */
  readonly command?: boolean;
}

/** Files of a folder. */
export interface NeededFiles {
  readonly folder: string;
  /** Paths below it. */
  readonly names: readonly string[];
}

/** How a measurement is computed in pieces, each by itself and anywhere. */
export interface Pieces<Request, Piece> {
  readonly form: z.ZodType<Piece>;
  /** The data that a request reads, so that whoever computes a piece can find the same; undefined where it reads none. */
  data(request: Request): Promise<ReadData | undefined> | ReadData | undefined;
  /** Computes a piece: what remains of it are finished parts in `control.parts`, the same as if the whole had been measured. Throws InputError for a piece that is none of the request. */
  compute(request: Request, piece: Piece, control: Control): Promise<void>;
}

export interface ReadData {
  readonly dataset: string;
  readonly splits: readonly ('train' | 'valid' | 'test')[];
  /** Where they lie here, if the request does not say it. */
  readonly dir?: string | undefined;
}

/** Pictures and the like, which a page shows and a result does not hold. */
export interface Measured<Result, Extra> {
  readonly result: Result;
  readonly extra?: Extra;
}

/** A measurement with everything done that its plan needs: it can be told what it will cost, and run. */
export interface Prepared<Plan, Result, Extra> {
  readonly plan: Plan;
  run(): Promise<Measured<Result, Extra>>;
  dispose?(): Promise<void>;
}

export interface PageOptions<Extra> {
  /** The command line that made the result, so that a reader can repeat it. */
  readonly command?: string;
  readonly extra?: Extra;
}

/** A request that shows what a measurement is for. */
export interface Example {
  readonly what: string;
  readonly request: Readonly<Record<string, unknown>>;
}

/**
 * All that a measurement says of itself. From it follow its command with flags and help, the library function with the same defaults, the check of a
 * request, the schemas, its row in the documentation, and what is made of a stored result.
 */
export interface Measurement<
  Request extends z.ZodObject = z.ZodObject,
  Result extends z.ZodType = z.ZodType,
  Plan = unknown,
  Extra = unknown,
> {
  /** Its name, what it is for, and the forms of its request and result. */
  readonly kind: Kind<Request, Result>;
  /** Words of its command; its name unless told. */
  readonly command?: readonly string[];
  /** What progress is shown of: `spectra`. */
  readonly label: string;
  /** Folder of finished parts below that of the result; none where nothing is kept. What keeps them (`partCache`) knows the revision of what computes them. */
  readonly parts?: string;
  readonly examples: readonly Example[];
  /** Where it can be computed in pieces. */
  readonly pieces?: Pieces<Of<Request>, unknown>;
  /** Throws InputError for a request that cannot be. */
  prepare(request: Of<Request>, control: Control): Promise<Prepared<Plan, Of<Result>, Extra>>;
  /** What it will cost, in a line or two; undefined where that is not known. */
  estimate(plan: Plan, request: Of<Request>): string | undefined;
  /** A line for each part. */
  details(plan: Plan, request: Of<Request>): readonly string[];
  /** A stored result with what one of an earlier version lacks, computed again from what it holds. */
  restored?(result: Of<Result>): Promise<Of<Result>>;
  /** The result for a terminal. */
  table(result: Of<Result>, options: { readonly color: boolean }): string | Promise<string>;
  /** The result as a self-contained HTML page. */
  page?(result: Of<Result>, options: PageOptions<Extra>): string | Promise<string>;
  /**
   * The lists, from the outermost to the innermost, whose items are the rows of its CSV: `['images', ['units', 'stages'], 'singularValues']`, where either of
   * two lists may be the next, and the last may be of numbers; one row unless told.
   */
  readonly rows?: readonly (string | readonly string[])[];
  /** Writes further files beside the result. */
  files?(result: Of<Result>, folder: string): Promise<void>;
}

const measurements = new Map<string, Measurement>();

/**
 * Makes a measurement known: it is then in the help, in the list of schemas and in `measure`. Gives it back as it is. Throws InputError where there is one of its
 * name.
 */
export function registerMeasurement<Request extends z.ZodObject, Result extends z.ZodType, Plan, Extra>(
  measurement: Measurement<Request, Result, Plan, Extra>,
): Measurement<Request, Result, Plan, Extra> {
  const { kind } = measurement;
  if (measurements.has(kind.kind)) throw new InputError('measurement', `there is a measurement "${kind.kind}" already`);
  if (kindNamed(kind.kind) !== kind) registerKind(kind);
  measurements.set(kind.kind, measurement as unknown as Measurement);
  return measurement;
}

export const allMeasurements = (): readonly Measurement[] => [...measurements.values()];

/** Throws InputError for a name that is none. */
export function measurementNamed(name: string): Measurement {
  const found = measurements.get(name);
  if (found) return found;
  const names = [...measurements.keys()];
  throw new InputError(
    'measurement',
    `unknown measurement "${name}"; expected ${names.join(', ')}${didYouMean(name, names)}`,
  );
}
