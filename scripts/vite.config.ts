/** The page of `ballast serve`, built into the package. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const out = at('../dist/web');

/** ONNX Runtime for the page has 14 MB, and a quarter of that zipped, as browsers take it: it lies in the package so. */
const zipped: Plugin = {
  name: 'zipped-wasm',
  closeBundle() {
    const assets = join(out, 'assets');
    for (const name of readdirSync(assets).filter((n) => n.endsWith('.wasm'))) {
      writeFileSync(join(assets, `${name}.gz`), gzipSync(readFileSync(join(assets, name)), { level: 9 }));
      rmSync(join(assets, name));
    }
  },
};

export default defineConfig({
  root: at('../src/web'),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [zipped],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
