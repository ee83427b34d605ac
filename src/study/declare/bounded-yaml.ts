import { Composer, type CST, type Document, isScalar, Lexer, LineCounter, Parser, visit, YAMLParseError } from 'yaml';
import { reasonOf } from '../../base/errors.ts';

/** Characters of a file: a thousand times what a study needs. */
const longest = 1_000_000;
/** Anchors and aliases together: the parser's time grows with their square. */
const mostAliases = 2000;
/** Values after aliases have been written out. */
const mostValues = 100_000;
/** Words, numbers, brackets and blanks of the text: what the parser's time grows with. */
const mostTokens = 300_000;
/** Mistakes that are told: beyond, a file is something else. */
const mostProblems = 100;

export interface YamlProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export type YamlContent =
  | { readonly value: unknown; readonly document: Document; readonly lines: LineCounter }
  | { readonly problems: readonly YamlProblem[] };

/**
 * A YAML (or JSON) document as plain values, within bounds on length, aliases and what they come to: a few bytes can stand for any amount. No value
 * contains itself. Problems are told with their lines.
 */
export function boundedYaml(text: string): YamlContent {
  const problem = (message: string, line = 1): YamlContent => ({ problems: [{ line, message }] });
  if (text.length > longest) return problem(`has ${text.length} characters; expected at most ${longest}`);
  let [aliases, tokens, line] = [0, 0, 1];
  for (const token of new Lexer().lex(text)) {
    tokens++;
    if (tokens > mostTokens) return problem(`has more than ${mostTokens} words, numbers and signs`, line);
    if (token[0] === '&' || token[0] === '*') aliases++;
    if (aliases > mostAliases) return problem(`has more than ${mostAliases} anchors and aliases`, line);
    for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) line++;
  }
  const lines = new LineCounter();
  const document = documentIn(text, lines);
  const problems = [
    ...document.errors.slice(0, mostProblems).map(({ pos: [at], message }) => ({
      line: Math.max(1, lines.linePos(at).line),
      message: `is no YAML: ${message.split('\n')[0]}`,
    })),
    ...repeatedKeys(document, lines).slice(0, mostProblems),
  ];
  if (problems.length > 0) return { problems };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    return problem(`is no YAML that can be used: ${reasonOf(cause)}`);
  }
  const wrong = unbounded(value);
  return wrong === undefined ? { value, document, lines } : problem(wrong);
}

/** The first document of a text, with its mistakes; what follows the first hundred of them is not read, as each costs the parser time. */
function documentIn(text: string, lines: LineCounter): Document.Parsed {
  // The composer compares each key of a map with all before it; `repeatedKeys` looks it up. It also shows the text around each mistake, which
  // takes as long as the text before it does.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false });
  const [first, second] = composer.compose(untilMistaken(text, lines), true, text.length);
  if (second !== undefined)
    first!.errors.push(
      new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', 'holds more than one document'),
    );
  return first!;
}

function* untilMistaken(text: string, lines: LineCounter): Generator<CST.Token> {
  let mistakes = 0;
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    yield token;
    if (token.type === 'error' && ++mistakes === mostProblems) return;
  }
}

/** Keys that a map has more than once. */
function repeatedKeys(document: Document, lines: LineCounter): YamlProblem[] {
  const found: YamlProblem[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const value = isScalar(key) ? key.value : key;
        if (seen.has(value))
          found.push({
            line: isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1,
            message: 'is no YAML: Map keys must be unique',
          });
        seen.add(value);
      }
    },
  });
  return found;
}

/** What is wrong with a value that contains itself, or very many others. */
function unbounded(root: unknown): string | undefined {
  let count = 0;
  const above = new Set<object>();
  const visit = (value: unknown): string | undefined => {
    count++;
    if (count > mostValues) return `stands for more than ${mostValues} values`;
    if (value === null || typeof value !== 'object') return undefined;
    if (above.has(value)) return 'has an alias of a value that contains it';
    if (above.size > 100) return 'is nested more than 100 deep';
    above.add(value);
    for (const inner of Object.values(value)) {
      const wrong = visit(inner);
      if (wrong !== undefined) return wrong;
    }
    above.delete(value);
    return undefined;
  };
  return visit(root);
}
