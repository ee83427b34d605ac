/** The examples of the README, of the documentation and of the entries run as they stand, in a folder that has what they read. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageEntries } from '../../scripts/entries.ts';
import { spectrumKind, toDocument } from '../../src/schema/index.ts';
import { syntheticSpectrum } from '../report/synthetic-spectrum.ts';
import { ballastProcess } from '../support/ballast.ts';
import { libraryExamples } from '../support/fenced-blocks.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => join(folder, ...names);

const study = `name: small
workloads:
  - name: net
    model: mlp8
    dataset: shapes
    trainCount: 64
    validCount: 32
    targets: [{ quantity: trainLoss, value: 2.2 }]
batchSizes: [8, 16]
strategies: [BLR]
learningRates: [0.05]
seeds: [0]
budget: { steps: 4 }
evaluate: { every: 2st, trainExamples: 32 }
`;

beforeAll(() => {
  // Compiles the command line, and the library with it.
  expect(ballastProcess('--version').status).toBe(0);
  mkdirSync(at('node_modules'));
  symlinkSync(resolve('.'), at('node_modules/ballast'));
  writeFileSync(at('package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(at('study.yaml'), study);
  writeFileSync(at('logs.csv'), 'batch_size,lr,step,loss\n8,0.1,1,2\n8,0.1,2,1\n16,0.1,1,2\n16,0.1,2,1.5\n');
  const imported = ballastProcess('batch', 'import', at('logs.csv'), '--set', 'examples=64', '--out', at('study'));
  expect(imported.status, imported.lines.join('\n')).toBe(0);
  mkdirSync(at('out/spectrum'), { recursive: true });
  const spectrum = toDocument(spectrumKind, null, syntheticSpectrum());
  writeFileSync(at('out/spectrum/result.json'), JSON.stringify(spectrum));
  copyFileSync('weights/resnet56.safetensors', at('resnet56.safetensors'));
  const cifar = realData('cifar10');
  if (cifar) symlinkSync(cifar, at('cifar-10-batches-bin'));
}, 600_000);

// What only declares its values cannot run; what reads CIFAR needs it.
const examples = libraryExamples(packageEntries().values()).filter(
  ({ text }) =>
    !/^declare /m.test(text) && (realData('cifar10') !== undefined || !text.includes('cifar-10-batches-bin')),
);

describe('an example', () => {
  it.each(examples.map(({ where, text }, i) => [where, text, i] as const))('%s runs', (_, text, i) => {
    // A checkpoint of somebody's own stands for any.
    const own = text.replace("'resnet56.th'", "'resnet56.safetensors'");
    const { outputText } = ts.transpileModule(own, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    writeFileSync(at(`example-${i}.js`), outputText);
    const { status, stderr } = spawnSync(process.execPath, [`example-${i}.js`], { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
  });
});
