/** `config.json` of a run: a document of today, the bare settings of earlier versions, and what is refused by name. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readBegunRun, readRunConfig, trainingConfig, writeRunConfig } from '../../../src/train/index.ts';
import { expectValid } from '../../support/ballast.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'config.json');
const config = trainingConfig({
  model: 'resnet8',
  dataset: 'shapes',
  length: '10st',
  milestones: ['3st'],
  schedule: 'step',
});
const written = async () => {
  await writeRunConfig(folder, config);
  return JSON.parse(readFileSync(path, 'utf8'));
};

describe('the configuration of a run', () => {
  it('is a document, and the same settings when it is read again', async () => {
    const document = await written();
    expect(document).toMatchObject({ kind: 'run-config', version: 2, request: {}, result: { length: '10st' } });
    expectValid(document);
    expect(await readRunConfig(folder)).toEqual(config);
    expect(await readRunConfig(join(folder, 'none'))).toBeUndefined();
  });

  it('says how the data were found, which versions before did not', async () => {
    const source = { data: '/pictures', classNames: 'cat,ant' };
    await writeRunConfig(folder, config, source);
    expect(await readBegunRun(folder)).toEqual({ config, source });
    expectValid(JSON.parse(readFileSync(path, 'utf8')));
    writeFileSync(path, JSON.stringify({ ...(await written()), version: 1, request: null }));
    expect(await readBegunRun(folder)).toEqual({ config, source: {} });
  });

  it('of a version before documents is read', async () => {
    writeFileSync(path, JSON.stringify(config, null, 2));
    expect(await readRunConfig(folder)).toEqual(config);
  });

  it('of a newer version, of another kind or damaged is refused in a line that names it', async () => {
    const document = await written();
    const refused = async (changed: object, what: RegExp) => {
      writeFileSync(path, JSON.stringify({ ...document, ...changed }));
      await expect(readRunConfig(folder)).rejects.toThrow(what);
    };
    await refused({ version: 3 }, /config\.json: is a run-config of version 3, Ballast .* reads up to 2/);
    const catalogue = { kind: 'kinds', version: 1, request: null, result: { kinds: [] } };
    await refused(catalogue, /is a kinds; expected the configuration of a training run/);
    await refused({ result: { ...config, batchSize: 'many' } }, /batchSize/);
    await refused({ result: { ...config, momentun: 0.9 } }, /momentun/);
  });
});
