/**
 * The import arrows of docs/architecture.md: a room may import only the rooms listed for it.
 * `index.ts` of a room is its door; outside `src/` anything may import anything.
 */
const rooms = {
  onnx: [],
  formats: [],
  verdict: [],
  data: ['formats'],
  autodiff: ['onnx'],
  runtime: ['onnx', 'autodiff'],
  linalg: ['onnx', 'runtime'],
  nn: ['onnx', 'autodiff', 'runtime'],
  models: ['onnx', 'autodiff', 'runtime', 'nn', 'formats'],
  train: ['onnx', 'autodiff', 'runtime', 'nn', 'models', 'data', 'formats'],
  stability: ['verdict', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'train', 'data', 'formats'],
  store: ['formats'],
  trials: ['formats', 'store'],
  batch: ['verdict', 'onnx', 'autodiff', 'runtime', 'nn', 'models', 'train', 'data', 'formats', 'store', 'trials'],
  joint: ['verdict', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'train', 'data', 'formats', 'store', 'stability', 'batch'],
  report: ['verdict', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'train', 'data', 'formats', 'stability', 'batch', 'joint'],
  app: ['verdict', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'train', 'data', 'formats', 'store', 'trials', 'stability', 'batch', 'joint', 'report'],
  cli: ['verdict', 'onnx', 'autodiff', 'runtime', 'linalg', 'nn', 'models', 'train', 'data', 'formats', 'store', 'stability', 'batch', 'joint', 'report', 'app'],
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-only-leftwards`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${['errors\\.ts$', 'printable\\.ts$', 'random\\.ts$', 'statistics\\.ts$', 'version\\.ts$', 'tensor\\.ts$', ...[room, ...allowed].map((r) => `${r}/`)].join('|')})` },
    })),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
};
