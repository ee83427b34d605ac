/** The entries of the package, as `exports` of package.json has them, and their sources. */
import { readFileSync } from 'node:fs';

/** An entry by the name that users import it by: `ballast/onnx` -> `src/onnx/index.ts`. */
export function packageEntries(): ReadonlyMap<string, string> {
  const { name, exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    name: string;
    exports: Readonly<Record<string, string | { readonly default: string }>>;
  };
  return new Map(
    Object.entries(exports).flatMap(([path, target]): [string, string][] =>
      typeof target === 'string'
        ? []
        : [[name + path.slice(1), target.default.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts')]],
    ),
  );
}
