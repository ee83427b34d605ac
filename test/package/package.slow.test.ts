/** The package as users get it: packed from a clean clone, installed into an empty project, used from ESM, CommonJS and the shell. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ballast-package-'));
const clone = join(folder, 'clone');
const project = join(folder, 'project');
const installed = join(project, 'node_modules/ballast');

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  run('.', 'git', 'clone', '-q', '.', clone);
  // What `npm ci` would put there.
  symlinkSync(resolve('node_modules'), join(clone, 'node_modules'));
  const [{ filename }] = JSON.parse(run(clone, 'npm', 'pack', '--json', '--pack-destination', folder));
  run(folder, 'mkdir', project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  // Install scripts are not needed; one of them would fetch from the network.
  run(
    project,
    'npm',
    'install',
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    join(folder, filename),
  );
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every file of the installed package, without what is installed below it. */
const files = () =>
  readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((f) => !f.startsWith('node_modules'));

it('holds the program with its types and kernels, the studies, the weights and the documentation, and nothing of the workshop', () => {
  const found = files();
  for (const file of [
    ...['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'dist/linalg/wasm/kernels.wasm'],
    ...['studies/shapes.yaml', 'weights/resnet20.safetensors', 'docs/licences.md', 'README.md', 'LICENSE'],
  ])
    expect(found, file).toContain(file);
  expect(found.filter((f) => /\.test\.|^(src|test|bench)\/|\.map$/.test(f))).toEqual([]);
  for (const file of found.filter((f) => f.endsWith('.js')))
    expect(readFileSync(join(installed, file), 'utf8'), file).not.toContain('sourceMappingURL');
});

it('trains, makes a network of a graph, measures, runs a study and renders a page from an ESM script', () => {
  writeFileSync(
    join(project, 'study.yaml'),
    `name: small
workloads:
  - name: shapes
    model: mlp8
    dataset: shapes
    trainCount: 256
    validCount: 64
    targets: [{ quantity: trainLoss, value: 2.2 }]
strategies: [BLR]
batchSizes: [16, 32]
learningRates: [0.1]
budget: { steps: 20 }
baseBatch: 16
seeds: [0]
evaluate: { every: 5st, trainExamples: 32 }
`,
  );
  writeFileSync(
    join(project, 'script.js'),
    `import { measure, networkFromGraph, trainingConfig, trainNetwork, computeStudy, layingOut, studyReport } from 'ballast';
import { shapesDataset } from 'ballast/data';
import { loadNetwork } from 'ballast/models';
import { renderStored } from 'ballast/report';
import { allKinds } from 'ballast/schema';
import { measureSpectra } from 'ballast/stability';
const [train, valid] = ['train', 'test'].map((split) => shapesDataset({ split, count: 128, seed: 0 }));
const config = trainingConfig({ model: 'resnet8', dataset: 'shapes', length: '4st', batchSize: 16 });
const { status } = await trainNetwork({ config, train, valid, folder: 'run', resume: true });
const own = await loadNetwork({ model: 'resnet8', weights: 'run/model.safetensors' });
const network = networkFromGraph(own.graph('N'), { name: 'mine' });
const request = { dataset: valid, images: [0], units: 'layer3.0', stages: false, finalRelu: true, method: 'auto', top: 4 };
const [a, b] = await Promise.all([own, network].map((network) => measureSpectra({ network, ...request })));
const { images } = await measure('spectrum', { model: 'resnet20', dataset: 'shapes', units: 'layer3.1' }, { out: 'out' });
const [{ page }] = await renderStored('out/result.json');
const study = await computeStudy(await layingOut('study.yaml'), { out: 'study' });
const { statements } = await studyReport('study');
console.log(JSON.stringify({ status, model: b.model, values: [a, b].map((r) => r.images[0].units[0].singularValues[0]),
  units: images[0].units.length, page: page.slice(0, 15), study: study.status, counts: study.counts, statements: statements.length,
  kinds: allKinds().length }));
`,
  );
  const found = JSON.parse(run(project, process.execPath, 'script.js'));
  expect(found).toMatchObject({
    status: 'complete',
    model: 'mine',
    units: 1,
    page: '<!DOCTYPE html>',
    study: 'complete',
  });
  expect(found.values[1]).toBeCloseTo(found.values[0], 4);
  expect(found.counts).toMatchObject({ queued: 0, running: 0, failed: 0 });
  expect(found.statements).toBeGreaterThan(0);
  expect(found.kinds).toBeGreaterThan(9);
});

it('every entry can be imported, from CommonJS too', () => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const names = Object.keys(exports).filter((path) => !path.endsWith('.json'));
  writeFileSync(
    join(project, 'script.cjs'),
    `Promise.all(${JSON.stringify(names)}.map((path) => import('ballast' + path.slice(1)))).then((entries) =>
  console.log(JSON.stringify(entries.map((entry) => Object.keys(entry).length))));`,
  );
  const counts: number[] = JSON.parse(run(project, process.execPath, 'script.cjs'));
  expect(counts).toHaveLength(12);
  for (const count of counts) expect(count).toBeGreaterThan(2);
});

it('its types are whole for a strict project', () => {
  writeFileSync(
    join(project, 'typed.ts'),
    `import { measure, type SpectrumResult, trainingConfig } from 'ballast';
import type { Network } from 'ballast/models';
import { computeStudy } from 'ballast/study';
export const rate: number = trainingConfig({ model: 'mlp8', dataset: 'shapes' }).lr;
export const spectra: Promise<SpectrumResult> = measure('spectrum', { model: 'resnet20', dataset: 'shapes' });
export const shapeOf = ({ inputShape }: Network): readonly number[] => inputShape;
export const outcome: Promise<{ status: string }> = computeStudy(async () => ({}) as never, { out: 'x' });
// @ts-expect-error: there is no such measurement request
measure('spectrum', { model: 3, dataset: 'shapes' }) satisfies Promise<SpectrumResult>;
`,
  );
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const types = resolve('node_modules/@types');
  run(
    project,
    process.execPath,
    resolve('node_modules/typescript/bin/tsc'),
    ...options,
    '--typeRoots',
    types,
    'typed.ts',
  );
});

it('brings its command', () => {
  const command = join(project, 'node_modules/.bin/ballast');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(run(project, command, '--version').trim()).toBe(version);
  expect(run(project, command, 'models')).toMatch(/resnet20 \*/);
});
