/**
 * The import arrows of docs/architecture.md: a room may import only the rooms listed for it, and only through their doors. Outside `src/` anything may import
 * anything. `scripts/unused-arrows.ts` fails on an arrow that nobody uses.
 */
const rooms = {
  schema: [],
  onnx: [],
  formats: [],
  verdict: [],
  data: ['formats'],
  autodiff: ['onnx'],
  runtime: ['onnx'],
  linalg: ['onnx', 'runtime'],
  nn: ['onnx'],
  models: ['onnx', 'runtime', 'nn', 'formats'],
  train: ['onnx', 'autodiff', 'runtime', 'nn', 'models', 'data', 'formats'],
  instrument: ['runtime', 'models', 'data', 'formats', 'schema'],
  stability: ['schema', 'instrument', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'train', 'data', 'formats', 'verdict'],
  store: ['formats'],
  trials: ['formats', 'store'],
  batch: ['onnx', 'autodiff', 'runtime', 'nn', 'models', 'train', 'data', 'formats', 'store', 'verdict', 'trials'],
  joint: ['schema', 'instrument', 'onnx', 'runtime', 'linalg', 'models', 'train', 'data', 'formats', 'store', 'stability', 'batch', 'verdict'],
  report: ['schema', 'formats', 'linalg', 'train', 'data', 'stability', 'batch', 'joint', 'verdict'],
  app: ['schema', 'instrument', 'onnx', 'runtime', 'models', 'train', 'data', 'formats', 'store', 'stability', 'batch', 'joint', 'report'],
  cli: ['schema', 'instrument', 'app', 'runtime', 'nn', 'models', 'train', 'data', 'formats', 'store', 'stability', 'batch', 'report'],
};

/** The doors of a room beside its `index.ts`: what is loaded by itself, because it is heavy or because the rest is. */
const doors = {
  schema: ['summaries'],
  instrument: ['part-cache'],
  batch: ['analysis/index', 'cost/index', 'export/index', 'export/csv', 'import/index', 'plan/index'],
  report: ['pages', 'numbers'],
  app: ['measurements/[a-z-]+', 'stored-results', 'subject'],
};

/** What stands in `src/` itself: the ground floor, which everybody may use. */
const ground = ['errors', 'names', 'printable', 'random', 'statistics', 'version', 'tensor'];

const config = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-only-leftwards`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${[...ground.map((file) => `${file}\\.ts$`), ...[room, ...allowed].map((r) => `${r}/`)].join('|')})` },
    })),
    // Tests of a room may look into it.
    ...Object.keys(rooms).map((room) => ({
      name: `${room}-is-entered-by-its-doors`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${room}/` },
      to: { path: `^src/${room}/`, pathNot: `^src/${room}/(${['index', ...(doors[room] ?? [])].join('|')})\\.ts$` },
    })),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
};

// For `scripts/unused-arrows.ts`; no part of what dependency-cruiser checks.
Object.defineProperty(config, 'rooms', { value: rooms });

module.exports = config;
