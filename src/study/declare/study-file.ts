import { readFile } from 'node:fs/promises';
import { isMap, isPair, isScalar, type LineCounter, type Node, type Document as YamlDocument } from 'yaml';
import type { z } from 'zod';
import { BallastError, FileError } from '../../base/errors.ts';
import { nearest } from '../../base/names.ts';
import { quote } from '../../formats/index.ts';
import { boundedYaml } from './bounded-yaml.ts';
import { type StudyFile, studySchema } from './study-schema.ts';

/** Something in a study file that is not as it should be. */
export interface Mistake {
  /** From 1. */
  readonly line: number;
  /** What is wrong, where, and what was expected. */
  readonly message: string;
}

/** How many mistakes are told one by one. */
const most = 50;

/** All mistakes of a study file. Its message is one line; `mistakes` has them one by one. */
export class StudyMistakes extends BallastError {
  readonly path: string;
  readonly mistakes: readonly Mistake[];

  constructor(path: string, mistakes: readonly Mistake[]) {
    const sorted = [...mistakes].sort((a, b) => a.line - b.line);
    const shown = sorted.slice(0, most);
    const more =
      sorted.length > most ? [{ line: shown.at(-1)!.line, message: `and ${sorted.length - most} more` }] : [];
    super(`${path}: ${[...shown, ...more].map(({ line, message }) => `line ${line}: ${message}`).join('; ')}`);
    this.path = path;
    this.mistakes = [...shown, ...more];
  }
}

export type Path = readonly PropertyKey[];

/** A study as its file says it, with the line of everything in it. */
export interface ParsedStudy {
  readonly path: string;
  readonly text: string;
  readonly file: StudyFile;
  readonly lineOf: (path: Path) => number;
}

/** Reads a study file. Throws FileError when it cannot be read, StudyMistakes with all that is wrong in it. */
export async function readStudyFile(path: string): Promise<ParsedStudy> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(path, `cannot be read (${cause.code}); expected a study in YAML`, { cause });
  });
  return parseStudyFile(text, path);
}

/** Checks the form of a study: names that it uses and what goes together are for `layOutStudy`. Throws StudyMistakes. */
export function parseStudyFile(text: string, path: string): ParsedStudy {
  const content = boundedYaml(text);
  if ('problems' in content) throw new StudyMistakes(path, content.problems);
  const { document, lines, value } = content;
  const lineOf = (of: Path) => lineIn(document, lines, of);
  const parsed = studySchema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    throw new StudyMistakes(
      path,
      parsed.error.issues.flatMap((issue) => flatten(issue)).map((issue) => mistakeOf(issue, lineOf, value)),
    );
  }
  return { path, text, file: parsed.data, lineOf };
}

/** The line of the deepest part of `path` that the document has. */
function lineIn(document: YamlDocument, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item: unknown = (node as { get?: (key: unknown, keep: boolean) => unknown } | null)?.get?.(key, true);
      if (item === undefined) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    }
  }
  return Math.max(1, lines.linePos(offset).line);
}

type Issue = z.core.$ZodIssue;

/** Of a union the branch that fits best: it got deepest into the value, or has the fewest issues. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const branches = issue.errors.map((branch) =>
    branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue).flatMap(flatten),
  );
  const wrongType = (branch: readonly Issue[]) =>
    branch.some((i) => i.path.length === issue.path.length && ['invalid_type', 'invalid_value'].includes(i.code));
  const fitting = branches.filter((branch) => !wrongType(branch));
  // First by keys that are missing or unknown: they tell which form was meant.
  const [best] = fitting.sort((a, b) => foreignKeys(a, issue.path) - foreignKeys(b, issue.path) || a.length - b.length);
  if (best) return best;
  const expected = [...new Set(branches.flatMap((branch) => branch.map(expectation)))].join(' or ');
  return [{ ...issue, code: 'custom', message: `expected ${expected}, got ${shown(issue.input)}` } as Issue];
}

/** How many keys of the value at `path` a form does not know, or lacks. */
const foreignKeys = (branch: readonly Issue[], path: Path): number =>
  branch.reduce((sum, i) => {
    if (i.code === 'unrecognized_keys' && i.path.length === path.length) return sum + i.keys.length;
    const isMissing = i.code === 'invalid_type' && i.input === undefined && i.path.length === path.length + 1;
    return sum + (isMissing ? 1 : 0);
  }, 0);

const shown = (value: unknown): string => {
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, 100) : value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return (
        { array: 'a list', int: 'a whole number', object: 'a mapping' }[issue.expected as string] ??
        `a ${issue.expected}`
      );
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    default:
      return issue.message.replace(/^expected /i, '');
  }
}

function mistakeOf(issue: Issue, lineOf: (path: Path) => number, value: unknown): Mistake {
  const where = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const keys = issue.keys.slice(0, most).map(quote).join(', ');
    const known = knownKeys(issue.path, value);
    const hint = nearest(key, known);
    return {
      line: lineOf([...issue.path, key]),
      message: `${where}unknown ${keys}${hint ? `, did you mean "${hint}"?` : ''}${known.length > 0 ? `; expected ${known.join(', ')}` : ''}`,
    };
  }
  const line = lineOf(issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return { line, message: `${where}expected ${expectation(issue)}, got ${shown(issue.input)}` };
    case 'invalid_value': {
      const hint = typeof issue.input === 'string' ? nearest(issue.input, issue.values.map(String)) : undefined;
      const meant = hint ? `, did you mean "${hint}"?` : '';
      return { line, message: `${where}expected ${expectation(issue)}, got ${shown(issue.input)}${meant}` };
    }
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum;
      const than =
        issue.code === 'too_small'
          ? issue.inclusive
            ? 'at least'
            : 'more than'
          : issue.inclusive
            ? 'at most'
            : 'less than';
      const what =
        issue.origin === 'array' ? `${bound} entries` : issue.origin === 'string' ? `${bound} characters` : `${bound}`;
      return { line, message: `${where}expected ${than} ${what}, got ${shown(issue.input)}` };
    }
    default: {
      const got = /^expected .* such as/.test(issue.message) ? `, got ${shown(issue.input)}` : '';
      return { line, message: `${where}${issue.message}${got}` };
    }
  }
}

/** The keys that the schema has at a path of the file; of several forms those of the one that the value there fits best. */
function knownKeys(path: Path, value: unknown): string[] {
  let schemas: z.core.$ZodType[] = [studySchema];
  let at: unknown = value;
  for (const key of path) {
    schemas = bestForm(schemas.flatMap(options), at).flatMap((s) => {
      const { def } = s._zod as {
        def: { type: string; shape?: Record<string, z.core.$ZodType>; element?: z.core.$ZodType };
      };
      if (def.type === 'array') return [def.element!];
      const inner = def.shape?.[String(key)];
      return inner ? [inner] : [];
    });
    at = (at as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  return [...new Set(bestForm(schemas.flatMap(options), at).flatMap((s) => Object.keys(shapeOf(s) ?? {})))];
}

const shapeOf = (schema: z.core.$ZodType) => (schema._zod.def as { shape?: Record<string, z.core.$ZodType> }).shape;

/** Of several mappings the one with the fewest keys that are missing or unknown; all where the value is none. */
function bestForm(schemas: readonly z.core.$ZodType[], value: unknown): readonly z.core.$ZodType[] {
  if (typeof value !== 'object' || value === null || schemas.filter(shapeOf).length < 2) return schemas;
  const keys = Object.keys(value);
  const misfit = (schema: z.core.$ZodType) => {
    const shape = shapeOf(schema);
    if (!shape) return Number.POSITIVE_INFINITY;
    const missing = Object.entries(shape).filter(([key, s]) => s._zod.optin === undefined && !keys.includes(key));
    return missing.length + keys.filter((key) => !Object.hasOwn(shape, key)).length;
  };
  const least = Math.min(...schemas.map(misfit));
  return schemas.filter((s) => misfit(s) === least).slice(0, 1);
}

/** What stands behind unions and wrappers. */
function options(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = schema._zod.def as { type: string; options?: z.core.$ZodType[]; innerType?: z.core.$ZodType };
  if (def.options) return def.options.flatMap(options);
  return def.innerType ? options(def.innerType) : [schema];
}
