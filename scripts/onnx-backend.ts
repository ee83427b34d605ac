/**
 * `npm run onnx-backend -- FOLDER` runs ONNX's own backend tests (`onnx/backend/test/data/node` of github.com/onnx/onnx before August 2026,
 * when they left the repository: `git archive a8f77b5b9^ onnx/backend/test/data/node`) through the reader, in plain, blocked and float64
 * emission, and the derivatives of what is differentiable against central differences. Writes docs/operators.md and
 * bench/results/onnx-backend.json. Nothing of FOLDER is kept.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../src/base/errors.ts';
import { type CaseResult, runCase } from './onnx-backend/case.ts';
import { countsOf, operatorTable, summary } from './onnx-backend/table.ts';

const folder = process.argv[2];
if (!folder) throw new UsageError('npm run onnx-backend -- FOLDER: give the folder that holds test_*/model.onnx');
const only = process.argv[3];
const results: CaseResult[] = [];
for (const name of readdirSync(folder).filter((n) => n.startsWith('test_') && (!only || n.includes(only)))) {
  const result = await runCase(join(folder, name), name);
  results.push(result);
  const bad = [result.plain, result.blocked, result.float64, result.derivative].some((o) => o.kind === 'wrong');
  if (bad || only) console.log(JSON.stringify(result, null, only ? 1 : 0));
}
console.log(summary(results));
if (!only) {
  writeFileSync('docs/operators.md', operatorTable(results));
  mkdirSync('bench/results', { recursive: true });
  const date = new Date().toISOString();
  writeFileSync(
    'bench/results/onnx-backend.json',
    `${JSON.stringify({ bench: 'onnx-backend', date, ...countsOf(results) }, null, 1)}\n`,
  );
}
