/** The command line as a user meets it: outputs, exit codes and one-line errors. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSealedJson, sealJson, writeSafetensors } from '../../src/formats/index.ts';
import { resnet } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import type { SpectrumResult, UnitsResult } from '../../src/schema/index.ts';
import { ballast, ballastProcess, expectFailure, resultOf } from '../support/ballast.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onShapes = ['--dataset', 'shapes'];
const random20 = ['--model', 'resnet20', '--weights', 'random', ...onShapes];

const model = resnet({ depth: 8, width: 4 });
const onnxFile = join(folder, 'small.onnx');
writeFileSync(onnxFile, writeModel(model.build(initialize(model.parameters, 1), 'batch')));

describe('ballast spectrum', () => {
  it('prints one JSON object on standard output and nothing else there', () => {
    const run = ballastProcess(
      'spectrum',
      '--model',
      onnxFile,
      ...onShapes,
      '--images',
      '0,3',
      '--units',
      'layer3.0',
      '--stages',
      '--top',
      '3',
      '--json',
    );
    expect(run.status).toBe(0);
    const result = resultOf(run.stdout) as SpectrumResult;
    expect(result.images.map((i: { index: number }) => i.index)).toEqual([0, 3]);
    const [unit] = result.images[0].units;
    expect(unit).toMatchObject({ name: 'layer3.0', shape: [1024, 2048], finalRelu: false, complete: true });
    expect(unit.singularValues.length).toBe(1024);
    expect([...unit.singularValues].sort((a: number, b: number) => b - a)).toEqual(unit.singularValues);
    expect(result.images[0].stages.map((s: { name: string }) => s.name)).toEqual(['stage1', 'stage2', 'stage3']);
    expect(result.spread[0].mean.length).toBe(1024);
  });

  it('writes a report, the result and the values, and takes finished spectra from an earlier run', async () => {
    const out = join(folder, 'out');
    const args = ['spectrum', '--model', onnxFile, ...onShapes, '--units', 'layer3.0', '--out', out];
    expect((await ballast(...args)).status).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      'report.html',
      'request.json',
      'result.json',
      'singular-values.npz',
      'spectra',
    ]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).not.toMatch(/(src|href)="https?:/);
    const part = join(out, 'spectra', 'layer3.0@0.json');
    const stored = openSealedJson(readFileSync(part, 'utf8'), part) as { value: { seconds: number } };
    stored.value.seconds = 123456;
    writeFileSync(part, sealJson(stored));
    const again = resultOf((await ballast(...args, '--json')).stdout) as SpectrumResult;
    expect(again.images[0].units[0].seconds).toBe(123456);
    // What has changed behind the back of its checksum is measured again.
    writeFileSync(part, sealJson(stored).replace('123456', '123457'));
    const measured = resultOf((await ballast(...args, '--json')).stdout) as SpectrumResult;
    expect(measured.images[0]!.units[0]!.seconds).toBeLessThan(123456);
    // Another request does not write over it.
    expectFailure(
      await ballast(...args, '--final-relu'),
      2,
      /result of another request \(finalRelu is false, not true\)/,
    );
  });

  it('says with --dry-run what it would do, and does nothing', async () => {
    const out = join(folder, 'dry');
    const run = await ballast('spectrum', ...random20, '--units', 'layer1.0,layer3.2', '--dry-run', '--out', out);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/layer1\.0 at image 0: (dense|structured), /);
    expect(run.stdout).toMatch(/2 spectra at 1 image: about .* of memory/);
    expect(() => readdirSync(out)).toThrow();
  });

  it.each([
    [['--units', 'layer3.9'], /there is no unit "layer3\.9"; nearest: layer3\.\d/],
    [['--images', '99999'], /image index 99999 is out of range: expected 0 to 1999/],
    [['--images', 'x'], /--images: expected a list such as 0,7,4321 or 0-199, got "x"/],
    [['--units', 'none'], /nothing to measure/],
    [['--device', 'tpu'], /tpu.*cpu/],
    [['--top', '0', '--method', 'lanczos'], /--top|whole number/],
    [['--normalize', 'mnist'], /expected imagenet, cifar10, none, default, got "mnist"/],
    [['--method', 'structured', '--units', 'layer2.0'], /identity shortcut/],
  ])('refuses %j with one line', async (args, what) => {
    const run = await ballast('spectrum', ...random20, '--units', 'layer3.2', ...args);
    expect(run.lines.join('\n')).toMatch(what);
    expect(run.status).not.toBe(0);
    expect(run.stdout).toBe('');
  });
});

describe('bad files', () => {
  const evaluate = (weights: string, ...more: string[]) =>
    ballast('eval', '--model', 'resnet20', '--weights', weights, ...onShapes, ...more);
  const params = initialize(resnet({ depth: 20 }).parameters, 0);

  it('lists all missing, unexpected and misshapen weights', async () => {
    const wrong = new Map(params);
    wrong.delete('conv1.weight');
    wrong.set('extra', { dtype: 'float32', shape: [1], data: new Float32Array(1) });
    wrong.set('linear.bias', { dtype: 'float32', shape: [7], data: new Float32Array(7) });
    const path = join(folder, 'wrong.safetensors');
    await writeSafetensors(path, wrong as never);
    expectFailure(
      await evaluate(path),
      1,
      /wrong\.safetensors: .*missing 1: conv1\.weight.*unexpected 1: extra.*linear\.bias is \[7\], expected \[10\]/,
    );
  });

  it('refuses a checkpoint that would run code, by the name of what it asks for', async () => {
    const path = join(folder, 'evil.pth');
    // A legacy file's magic number, then a pickle that calls os.system.
    const magic = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e, 0x80, 2, 0x4d, 0xe9, 3, 0x2e,
    ];
    const canary = join(folder, 'canary');
    writeFileSync(
      path,
      Buffer.concat([Buffer.from(magic), Buffer.from(`\x80\x02cos\nsystem\n(S'touch ${canary}'\ntR.`, 'latin1')]),
    );
    expectFailure(await evaluate(path), 1, /evil\.pth: .*os\.system/);
    expect(readdirSync(folder)).not.toContain('canary');
  });

  it.skipIf(!realData('checkpoints'))('refuses a truncated checkpoint, naming it', async () => {
    const path = join(folder, 'cut.th');
    const whole = readFileSync(realData('checkpoints/resnet20-12fca82f.th')!);
    writeFileSync(path, whole.subarray(0, whole.length - 1000));
    expectFailure(await evaluate(path), 1, /cut\.th: /);
  });

  it('names the file of a data folder that is too short', async () => {
    const dir = join(folder, 'cifar');
    mkdirSync(dir);
    writeFileSync(join(dir, 'test_batch.bin'), Buffer.alloc(3072));
    const run = await ballast('eval', '--model', 'resnet20', '--weights', 'random', '--data', dir);
    expectFailure(run, 1, /test_batch\.bin: has 3072 bytes, expected 30730000/);
  });

  it('says what is expected where a file, a folder or an option is missing', async () => {
    expectFailure(await evaluate(join(folder, 'none.th')), 1, /none\.th: /);
    expectFailure(await ballast('eval', '--model', 'resnet32', ...onShapes), 2, /--weights: is missing/);
    expectFailure(
      await ballast('eval', '--model', 'vgg99', '--weights', 'random', ...onShapes),
      2,
      /unknown model "vgg99"/,
    );
    expectFailure(
      await ballast('eval', '--model', 'resnet20', '--weights', 'random', '--dataset', 'mnist'),
      2,
      /mnist/,
    );
    const garbage = join(folder, 'garbage.onnx');
    writeFileSync(garbage, 'not a model');
    expectFailure(await ballast('units', garbage), 1, /garbage\.onnx: /);
  });

  it('says whose an option is that this command does not take, unless it was a slip or many take it', async () => {
    const { status, lines } = await ballast('spectrum', '--checkpoints', 'runs/x');
    expect(status).toBe(2);
    expect(lines).toEqual(["error: unknown option '--checkpoints'", '(--checkpoints is an option of ballast compare)']);
    const [slip, many] = [await ballast('spectrum', '--imagez', '0'), await ballast('models', '--seed', '1')];
    expect(slip.lines).toContain('(Did you mean --images?)');
    for (const run of [slip, many]) expect(run.lines.join()).not.toContain('is an option of');
  });

  it('leaves nothing half-written where the output cannot go', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const run = await ballast(
      'spectrum',
      '--model',
      onnxFile,
      ...onShapes,
      '--units',
      'layer3.0',
      '--out',
      join(file, 'out'),
    );
    expect(run.status).toBe(1);
    expect(run.lines.at(-1)).toMatch(/out.*cannot be written/);
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});

describe('ballast units', () => {
  it("lists a user's own ONNX file", async () => {
    const run = await ballast('units', onnxFile, '--json');
    expect(run.status).toBe(0);
    expect((resultOf(run.stdout) as UnitsResult).units).toEqual([
      { name: 'layer1.0', stage: 'stage1', shape: [4096, 4096], shortcut: 'identity', finalRelu: true, hidden: 4096 },
      { name: 'layer2.0', stage: 'stage2', shape: [2048, 4096], shortcut: 'affine', finalRelu: true, hidden: 2048 },
      { name: 'layer3.0', stage: 'stage3', shape: [1024, 2048], shortcut: 'affine', finalRelu: true, hidden: 1024 },
    ]);
    expect((await ballast('units', onnxFile)).stdout).toMatch(/layer1\.0 +stage1 +4096 x 4096/);
  });
});

describe.skipIf(!realData('checkpoints'))('ballast eval', () => {
  it('scores the published ResNet-20 at 91.73 % on the whole CIFAR-10 test set', async () => {
    const weights = realData('checkpoints/resnet20-12fca82f.th')!;
    const run = await ballast(
      'eval',
      '--model',
      'resnet20',
      '--weights',
      weights,
      '--dataset',
      'cifar10',
      '--data',
      realData('cifar10')!,
      '--json',
    );
    expect(run.status).toBe(0);
    const { accuracy, loss, count } = resultOf(run.stdout) as { accuracy: number; loss: number; count: number };
    expect(count).toBe(10_000);
    expect(Math.abs(accuracy - 0.9173)).toBeLessThanOrEqual(0.0002);
    expect(loss).toBeCloseTo(0.3727, 3);
  });
});
