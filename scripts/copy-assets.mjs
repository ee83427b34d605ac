// What tsc does not copy: the compiled kernels.
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';

mkdirSync('dist/linalg/wasm', { recursive: true });
copyFileSync('src/linalg/wasm/kernels.wasm', 'dist/linalg/wasm/kernels.wasm');
chmodSync('dist/cli/main.js', 0o755);
