import { defineConfig } from 'vitest/config';

/**
 * `npm test` runs everything but `*.slow.test.ts`; `npm run test:slow` runs only those.
 * Files run in two processes, which load the modules once, as command lines run in them. Slow tests, which compute, run one after another: ONNX Runtime
 * sessions spin, and two pools on two cores slow each other down.
 */
const slow = process.env.BALLAST_SLOW === '1';

export default defineConfig({
  test: {
    include: slow ? ['test/**/*.slow.test.ts'] : ['test/**/*.test.ts'],
    exclude: slow ? [] : ['**/*.slow.test.ts'],
    pool: 'forks',
    maxWorkers: slow ? 1 : 2,
    isolate: false,
    testTimeout: slow ? 1_200_000 : 120_000,
    hookTimeout: 120_000,
  },
});
