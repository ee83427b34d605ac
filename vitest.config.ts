import { defineConfig } from 'vitest/config';

/**
 * `npm test` runs everything but `*.slow.test.ts`; `npm run test:slow` runs only those.
 * Files run one after another, in one process: ONNX Runtime sessions spin, and two pools on two cores slow each other down; loading all modules
 * again for each of 130 files takes more than a minute.
 */
const slow = process.env.BALLAST_SLOW === '1';

export default defineConfig({
  test: {
    include: slow ? ['test/**/*.slow.test.ts'] : ['test/**/*.test.ts'],
    exclude: slow ? [] : ['**/*.slow.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    isolate: false,
    testTimeout: slow ? 1_200_000 : 120_000,
    hookTimeout: 120_000,
  },
});
