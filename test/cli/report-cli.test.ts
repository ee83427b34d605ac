/** `ballast report`, `ballast schema` and `ballast completion` as a user meets them: nothing is computed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import { kindNamed, toDocument } from '../../src/schema/index.ts';
import { syntheticSpectrum } from '../report/synthetic-spectrum.ts';
import { ballast, ballastProcess, expectFailure, expectValid } from '../support/ballast.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'result.json');
const request = { model: 'resnet20', images: '0-2', stages: true, dataset: 'shapes', seed: 0 };
writeFileSync(file, JSON.stringify(toDocument(kindNamed('spectrum')!, null, syntheticSpectrum())));

describe('ballast report', () => {
  it('shows a stored result as table, page, figures with their data, CSV and JSON', async () => {
    const [pages, figures] = [join(folder, 'pages'), join(folder, 'figures')];
    const run = await ballast('report', file, '--out', pages, '--figures', figures);
    expect(run.status, run.lines.join('\n')).toBe(0);
    expect(run.stdout).toMatch(/layer\d/);
    expect(readdirSync(pages)).toEqual(['report.html']);
    const page = readFileSync(join(pages, 'report.html'), 'utf8');
    expect(page).toContain('Stability spectrum of');
    const names = readdirSync(figures);
    const drawn = names.filter((n) => n.endsWith('.svg'));
    expect(drawn.length).toBe(parseHTML(page).document.querySelectorAll('.panel .scroll svg').length);
    for (const name of drawn) {
      const svg = readFileSync(join(figures, name), 'utf8');
      expect(svg).toMatch(/^<\?xml [^>]*>\n<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(parseHTML(svg).document.querySelectorAll('path, rect, circle, line').length).toBeGreaterThan(1);
    }
    const tables = names.filter((n) => n.endsWith('.csv')).map((n) => readFileSync(join(figures, n), 'utf8'));
    expect(tables.length).toBeGreaterThan(0);
    for (const table of tables) expect(table.split('\n').length).toBeGreaterThan(2);
    // The output of a process in tests is below a mebibyte.
    const plan = { shape: [64, 48] as const, active: 20, largest: 3, smallest: 0.1 };
    const few = syntheticSpectrum({ plans: ['s.0', 's.1'].map((name) => ({ name, ...plan })), indices: [0, 1] });
    const small = join(folder, 'small.json');
    writeFileSync(small, JSON.stringify(toDocument(kindNamed('spectrum')!, null, few)));
    const csv = ballastProcess('report', small, '--csv').stdout.trimEnd().split('\n');
    // In long form: a row a singular value, and nothing in a cell that would have to be taken apart.
    expect(csv[0]).toMatch(/^images\.index,.*units\.name,.*singularValues\.index,singularValues\.value/);
    const blocks = few.images.flatMap((image) => [...image.units, ...image.stages]);
    expect(csv.length).toBe(1 + blocks.reduce((n, { singularValues }) => n + singularValues.length, 0));
    const at = csv[0]!.split(',').indexOf('singularValues.value');
    expect(csv.slice(1).map((row) => Number(row.split(',')[at]))).toEqual(blocks.flatMap((b) => [...b.singularValues]));
    const document = JSON.parse((await ballast('report', small, '--json')).stdout);
    expectValid(document);
    expect(document).toEqual(JSON.parse(readFileSync(small, 'utf8')));
  });

  it('reads what is published, and says what it does not read', async () => {
    const run = await ballast('report', 'results/plan', 'results/stability/growth.json', '--csv');
    expect(run.status, run.lines.join('\n')).toBe(0);
    expect(run.stdout).toMatch(/layer1\.8,layer1,/);
    expectFailure(
      await ballast('report', 'results/shapes/measurements.csv'),
      1,
      /measurements of a study.*batch report/,
    );
    expectFailure(await ballast('report', 'results/stability/findings.txt'), 1, /findings\.txt: is not JSON/);
    expectFailure(await ballast('report', join(folder, 'none')), 1, /none: cannot be read/);
  });

  it('refuses a newer result by name', async () => {
    const newer = join(folder, 'newer.json');
    writeFileSync(newer, JSON.stringify({ kind: 'spectrum', version: 9, ballast: '9.1.0', request, result: {} }));
    expectFailure(
      await ballast('report', newer),
      1,
      /newer\.json: is a spectrum of version 9, Ballast .* reads up to 1/,
    );
  });
});

describe('ballast schema', () => {
  it('lists the kinds, prints one, and suggests a name', async () => {
    expect(ballastProcess('schema').stdout).toMatch(/^spectrum +1 {2}Singular values/m);
    expect(JSON.parse((await ballast('schema', 'eval')).stdout).properties.kind.const).toBe('eval');
    expectFailure(await ballast('schema', 'spectrom'), 2, /did you mean "spectrum"\?/);
  });
});

describe('ballast completion', () => {
  it('is a script that bash takes, which knows commands, options and choices', async () => {
    const { stdout } = ballastProcess('completion', 'bash');
    const asked = (line: string) => {
      const words = line.split(' ').map((w) => `'${w}'`);
      const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _ballast; echo "\${COMPREPLY[*]}"`;
      return spawnSync('bash', ['-c', `${stdout}\n${ask}`], { encoding: 'utf8' }).stdout.trim();
    };
    expect(asked('ballast per')).toBe('perturb');
    expect(asked('ballast perturb --norm ')).toBe('linf l2');
    expect(asked('ballast batch stability --spectrum-i')).toBe('--spectrum-images');
    expect((await ballast('completion', 'fish')).stdout).toMatch(/complete -c ballast .* -l attack .* -a 'fgsm pgd/);
    expect((await ballast('completion', 'zsh')).stdout).toContain('bashcompinit');
  });
});
