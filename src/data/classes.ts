import { FileError, UsageError } from '../base/errors.ts';
import { quote, readBytes } from '../formats/index.ts';
import type { ImageDataset } from './dataset.ts';

/** The classes of a network in the order of its outputs; each by its name, or by all the names that it goes by, the last of which is shown. */
export type ClassNames = readonly (string | readonly string[])[];

const namesOf = (entry: string | readonly string[]): readonly string[] => (typeof entry === 'string' ? [entry] : entry);

const listed = (names: readonly string[]) =>
  names.slice(0, 8).map(quote).join(', ') + (names.length > 8 ? `, ... (${names.length})` : '');

/**
 * The data set with the labels that a network means: a class gets the place that its name has among the network's classes, of which the data
 * may lack some. Images without labels are left as they are.
 *
 * @throws UsageError for a class that the network does not name, and for a name that stands for two.
 */
export function withClasses(dataset: ImageDataset, network: ClassNames): ImageDataset {
  if (dataset.labels.length === 0) return dataset;
  const places = new Map<string, number>();
  for (const [place, entry] of network.entries()) {
    for (const name of new Set(namesOf(entry))) {
      if (places.has(name))
        throw new UsageError(`class names: ${quote(name)} stands for class ${places.get(name)} and ${place}`);
      places.set(name, place);
    }
  }
  const used = new Set<string>();
  for (const label of dataset.labels) used.add(dataset.classes[label]!);
  const unknown = [...used].filter((name) => !places.has(name));
  const shown = network.map((entry) => namesOf(entry).at(-1)!);
  if (unknown.length) {
    throw new UsageError(
      `${dataset.name} has classes that the network does not: ${listed(unknown)}; its own are ${listed(shown)}`,
    );
  }
  const place = dataset.classes.map((name) => places.get(name) ?? -1);
  return { ...dataset, classes: shown, labels: Int32Array.from(dataset.labels, (label) => place[label]!) };
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isEntry = (value: unknown): value is string | string[] =>
  isName(value) || (Array.isArray(value) && value.length > 0 && value.every(isName));

/** A list of names, or a map from names to places (`class_to_idx` of torchvision) or from places to names (as ImageNet's are published). */
function fromJson(json: unknown): ClassNames | undefined {
  if (Array.isArray(json)) return json.every(isEntry) && json.length ? json : undefined;
  if (typeof json !== 'object' || json === null) return undefined;
  const byName = Object.values(json).every((value) => typeof value === 'number');
  const pairs = Object.entries(json).map(([key, value]) =>
    byName ? [value as number, key] : [Number(key), value],
  ) as [number, unknown][];
  const names: (string | string[])[] = new Array(pairs.length);
  for (const [place, entry] of pairs) {
    if (!Number.isInteger(place) || place < 0 || place >= pairs.length || names[place] !== undefined || !isEntry(entry))
      return undefined;
    names[place] = entry;
  }
  return names.length ? names : undefined;
}

/** Whether class names are told by a file, and not by a list. */
export const isNamesFile = (text: string): boolean => /\.(json|txt)$/i.test(text);

/**
 * A network's classes as they are written on a command line (`ant,cat,dog`) or in a file: JSON (a list, or a map between names and places), or
 * text with one name a line.
 *
 * @throws UsageError or FileError for what is no list of names.
 */
export async function readClassNames(text: string): Promise<ClassNames> {
  if (!isNamesFile(text)) {
    const names = text.split(',').map((name) => name.trim());
    if (!names.every(isName))
      throw new UsageError(`class names: expected a list such as ant,cat,dog, got ${quote(text)}`);
    return names;
  }
  const content = Buffer.from(await readBytes(text, 'names of classes')).toString('utf8');
  if (/\.txt$/i.test(text)) {
    const names = content.split(/\r?\n/).map((line) => line.trim());
    while (names.at(-1) === '') names.pop();
    if (names.length && names.every(isName)) return names;
    throw new FileError(text, 'expected the name of a class on each line');
  }
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new FileError(text, 'is no JSON; expected the names of the classes', { cause });
  }
  const names = fromJson(json);
  if (!names) {
    throw new FileError(
      text,
      'expected JSON such as ["ant", "cat"], {"ant": 0, "cat": 1} or {"0": ["n02219486", "ant"], ...}',
    );
  }
  return names;
}
