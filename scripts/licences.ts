/**
 * Writes docs/licences.md: what the package holds that others wrote, and what is installed with it, from package-lock.json: `npm run licences`. A test checks that
 * it is as written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** What the page of `ballast serve` is built with, and holds. */
const bundled = ['preact', 'uplot', 'onnxruntime-web'];

const root = new URL('../', import.meta.url);

/** The page. Throws for a dependency that names no licence: that is to be looked into by a person. */
export function licencesPage(): string {
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const installed = Object.entries(packages).flatMap(([path, { version, license, dev, optional }]) => {
    if (path === '' || dev) return [];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (!license) throw new Error(`${name} ${version} names no licence`);
    return [{ name, version, licence: license.replace(/^\(|\)$/g, ''), optional: optional === true }];
  });
  const rows = [
    ...new Set(
      installed.map((p) => `| ${p.name}${p.optional ? ' (where it fits)' : ''} | ${p.version} | ${p.licence} |`),
    ),
  ];
  const licences = [...new Set(installed.map((p) => p.licence))].sort();
  return `# Licences

Ballast is under the MIT licence (LICENSE). The package holds:

| what | whose | licence |
| --- | --- | --- |
| \`dist/\`, \`docs/\`, \`studies/\` | Ballast | MIT |
| \`weights/\` | trained by Ballast from random values; a model card beside each says on which data | MIT |
| \`dist/linalg/wasm/kernels.wasm\` | Ballast, compiled with AssemblyScript's stub runtime | MIT; Apache-2.0 for the runtime |
${bundled.map((name) => `| in \`dist/web/\`: ${name} ${packages[`node_modules/${name}`]!.version} | its authors; \`dist/web/licences.txt\` has their notices | ${packages[`node_modules/${name}`]!.license} |`).join('\n')}

These packages (${rows.length}) are installed beside it, each under its own licence (${licences.join(', ')}):

| package | version | licence |
| --- | --- | --- |
${rows.join('\n')}

Written by \`npm run licences\` from package-lock.json.
`;
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  writeFileSync(new URL('docs/licences.md', root), licencesPage());
}
