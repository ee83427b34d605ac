/** What the package exports, read with the TypeScript compiler: for the reference, and for the check that each symbol has a docstring. */
import { resolve } from 'node:path';
import ts from 'typescript';

export interface PublicSymbol {
  readonly name: string;
  /** What it is, in a word: `function`, `class`, `interface`, `type`, `const`. */
  readonly what: string;
  /** Its docstring; empty where there is none. */
  readonly docs: string;
  /** For functions and constants: the type, on a line; found when it is asked for, which takes its time. */
  readonly signature: () => string;
  /** Where it is declared, `src/onnx/passes/fold.ts:12`. */
  readonly where: string;
}

export interface PublicEntry {
  readonly name: string;
  /** The comment at the top of its file. */
  readonly docs: string;
  readonly symbols: readonly PublicSymbol[];
}

const whatOf = ({ flags }: ts.Symbol): string => {
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Interface) return 'interface';
  if (flags & ts.SymbolFlags.TypeAlias) return 'type';
  return 'const';
};

/** The comment in front of everything else in a file, as text. */
function openingComment(text: string): string {
  const found = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  return found
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}

/** The sources of the entries as the compiler sees them, and further files that import the entries by their names, as users do. */
export function programOf(
  entries: ReadonlyMap<string, string>,
  examples: ReadonlyMap<string, string> = new Map(),
): ts.Program {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const paths = Object.fromEntries([...entries].map(([name, file]) => [name, [resolve(file)]]));
  const all = { ...options, paths, noUnusedLocals: false };
  const host = ts.createCompilerHost(all);
  const { readFile, fileExists } = host;
  host.readFile = (file) => examples.get(file) ?? readFile(file);
  host.fileExists = (file) => examples.has(file) || fileExists(file);
  return ts.createProgram([...entries.values(), ...examples.keys()], all, host);
}

/** The symbols of each entry, by name. */
export function publicSymbols(entries: ReadonlyMap<string, string>, program = programOf(entries)): PublicEntry[] {
  const checker = program.getTypeChecker();
  return [...entries].map(([name, file]) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${file} is no module; package.json names it for ${name}`);
    const symbols = checker.getExportsOfModule(module).map((exported): PublicSymbol => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const [declaration] = symbol.declarations ?? [];
      const at = declaration?.getSourceFile();
      const line = declaration && at ? at.getLineAndCharacterOfPosition(declaration.getStart()).line + 1 : 0;
      const typed = symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable) && declaration;
      return {
        name: exported.name,
        what: whatOf(symbol),
        docs: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
        signature: () =>
          typed ? checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, declaration), declaration) : '',
        where: at ? `${at.fileName.replace(`${process.cwd()}/`, '')}:${line}` : '',
      };
    });
    return { name, docs: openingComment(source.text), symbols: symbols.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
}
