/**
 * The import arrows of docs/architecture.md: a room may import only the rooms listed for it, and only through their doors. Outside `src/` anything may import
 * anything. `scripts/unused-arrows.ts` fails on an arrow that nobody uses.
 */
const rooms = {
  base: [],
  schema: ['base'],
  onnx: ['base'],
  formats: ['base'],
  verdict: ['base'],
  data: ['base', 'schema', 'formats'],
  autodiff: ['onnx'],
  runtime: ['base', 'onnx'],
  linalg: ['base', 'onnx', 'runtime'],
  nn: ['base', 'onnx'],
  models: ['base', 'schema', 'onnx', 'runtime', 'nn', 'formats'],
  evaluate: ['base', 'onnx', 'runtime', 'models', 'data'],
  train: ['base', 'schema', 'onnx', 'autodiff', 'runtime', 'nn', 'models', 'data', 'formats', 'evaluate'],
  instrument: ['base', 'runtime', 'models', 'data', 'formats', 'schema'],
  stability: ['base', 'schema', 'instrument', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'evaluate', 'train', 'data', 'formats', 'verdict'],
  store: ['base', 'formats'],
  trials: ['base', 'formats', 'store'],
  study: ['base', 'schema', 'onnx', 'autodiff', 'runtime', 'nn', 'models', 'evaluate', 'train', 'data', 'formats', 'store', 'verdict', 'trials'],
  queue: ['base', 'schema', 'onnx', 'formats', 'runtime', 'store', 'trials', 'study'],
  comparison: ['base', 'schema', 'instrument', 'onnx', 'runtime', 'linalg', 'models', 'train', 'data', 'formats', 'store', 'stability', 'study', 'verdict'],
  report: ['base', 'schema', 'formats', 'linalg', 'train', 'stability', 'study', 'comparison', 'verdict'],
  app: ['base', 'schema', 'instrument', 'onnx', 'runtime', 'nn', 'models', 'evaluate', 'train', 'data', 'formats', 'store', 'stability', 'study', 'queue', 'comparison', 'report'],
  server: ['base', 'schema', 'formats', 'report', 'app'],
  web: ['schema', 'onnx', 'autodiff', 'linalg', 'models', 'stability', 'report'],
  cli: ['base', 'schema', 'app', 'server', 'report'],
};

/** The doors of a room beside its `index.ts`: what is loaded by itself, because it is heavy or because the rest is. */
const doors = {
  base: ['[a-z-]+'],
  schema: ['summaries', 'serve/index'],
  instrument: ['part-cache'],
  models: ['normalization'],
  onnx: ['identity'],
  linalg: ['small-eigen'],
  stability: ['units/units'],
  train: ['settings/index'],
  study: ['analysis/index', 'branch/index', 'declare/bundled', 'cost/index', 'export/index', 'export/csv', 'import/index', 'plan/index', 'schedule/index'],
  report: ['pages', 'numbers', 'kit/log-axis', 'kit/page-style', 'kit/palette'],
  app: ['[a-z]+/index', 'browse/thorough', 'demo', 'measurements/[a-z-]+', 'stored-files', 'stored-results', 'subject', 'training/settings'],
};

const config = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '\\?url$' } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-only-leftwards`,
      severity: 'error',
      from: { path: `^src/${room}/`, },
      to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
    })),
    ...Object.keys(rooms).map((room) => ({
      name: `${room}-is-entered-by-its-doors`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${room}/` },
      to: { path: `^src/${room}/`, pathNot: `^src/${room}/(${['index', ...(doors[room] ?? [])].join('|')})\\.ts$` },
    })),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] }, tsConfig: { fileName: 'tsconfig.json' } },
};

// For `scripts/unused-arrows.ts`; no part of what dependency-cruiser checks.
Object.defineProperty(config, 'rooms', { value: rooms });

module.exports = config;
