import { describe, expect, it } from 'vitest';
import { parseStudyFile, StudyMistakes } from '../../../src/study/declare/study-file.ts';
import { studyJsonSchema } from '../../../src/study/declare/study-schema.ts';
import { layOutStudy } from '../../../src/study/layout/layout.ts';

/** The mistakes of a study, as `LINE message`. */
async function mistakesOf(text: string): Promise<string[]> {
  try {
    await layOutStudy(parseStudyFile(text, 'study.yaml'));
  } catch (error) {
    if (error instanceof StudyMistakes) return error.mistakes.map(({ line, message }) => `${line} ${message}`);
    throw error;
  }
  return [];
}

const shapes = (more = '') => `name: s
workloads:
  - { name: a, model: mlp8, dataset: shapes, trainCount: 100, validCount: 20${more} }
budget: { epochs: 1 }
learningRates: [0.1]
`;

describe('a study file with mistakes in its form', () => {
  it('has all of them named at once, with line and expected value', async () => {
    const found = await mistakesOf(`name: bad
workloads:
  - name: a
    model: resnet8
    dataset: shapes
    setings: { momentum: 2 }
    targets:
      - { quantity: trainloss, value: 0.5 }
      - { quantity: trainLoss }
batchSizes: [16, 6.4, "x"]
strategies: [BRL, { name: z, scaling: lin }]
learningRates: fast
seeds: [0, -1]
budget: { seconds: 4 }
evaluate: { every: often }
colour: red
`);
    const expected = [
      /^6 workloads\.0: unknown "setings", did you mean "settings"\?; expected name, model, /,
      /^8 .*quantity: expected trainLoss, valLoss, valMetric, got "trainloss", did you mean "trainLoss"\?$/,
      /^9 .*expected either "value" or "quartile"$/,
      /^10 batchSizes\.1: expected a whole number, got 6\.4$/,
      /^10 batchSizes\.2: expected a number, got "x"$/,
      /^11 strategies\.0: unknown strategy "BRL"; expected BLR, LSR, SRSR, LARS, LAMB, tuned; did you mean "BLR"\?$/,
      /^11 strategies\.1\.scaling: expected base, linear, sqrt, got "lin"$/,
      /^12 learningRates: expected a list or a mapping, got "fast"$/,
      /^13 seeds\.1: expected at least 0, got -1$/,
      /^14 budget: expected "epochs", "steps" or "examples"$/,
      /^15 evaluate\.every: expected a duration such as 500st or 3ep, got "often"$/,
      /^16 unknown "colour"; expected name, workloads, /,
    ];
    expect(found.length).toBe(expected.length);
    found.forEach((line, i) => {
      expect(line).toMatch(expected[i]!);
    });
  });

  it('that is no YAML is told so, with the line', async () => {
    expect(await mistakesOf('name: a\nworkloads: [\n')).toEqual([expect.stringMatching(/^[23] is no YAML: /)]);
  });

  it('that is very many mistakes is left after a hundred of them, on whatever lines', async () => {
    const found = await mistakesOf('{"name":"a"}'.repeat(50_000));
    expect(found.length).toBe(51);
    expect(found[0]).toMatch(/^1 is no YAML: Unexpected flow-map-start/);
    expect((await mistakesOf('}\n'.repeat(20_000)))[40]).toMatch(/^41 is no YAML: /);
  });

  it('that is followed by another is refused', async () => {
    expect(await mistakesOf(`${shapes()}---\n${shapes()}`)).toEqual([
      expect.stringMatching(/^6 is no YAML: holds more than one document/),
    ]);
  });

  it('has a message of one line', () => {
    const parse = () => parseStudyFile('name: 1\nseeds: 2\n', 'study.yaml');
    expect(parse).toThrow(/^study\.yaml: line 1: .*; line 2: [^\n]*$/);
  });
});

describe('what cannot be computed as declared is named before anything runs:', () => {
  it.each([
    [
      'batchSizes: [128]\nstrategies: [BLR]',
      /^3 a: the batch has more examples than the training data, which has 100$/,
    ],
    [
      'batchSizes: [64]\nstrategies: [BLR]\nmicroBatch: 24',
      /^3 a: the micro-batch 24 does not divide the batch size 64$/,
    ],
    ['batchSizes: [89]\nstrategies: [BLR]', /^3 a: batch size 89 has no divisor from 16 to 64 for the micro-batch/],
    ['batchSizes: [8]\nstrategies: [LSR]', /^3 a: the warm-up of 5ep is longer than the budget$/],
    [
      'batchSizes: [8, 16]\nstrategies: [BLR, { name: z, settings: { optimizer: adam, trust: 1 } }]',
      /^3 a \(z, batch 8; z, batch 16\): optimizer adam has no option "trust"/,
    ],
    [
      'batchSizes: [8]\nstrategies: [BLR]\npoints: [{ strategies: [BRL] }]',
      /^8 unknown strategy "BRL", did you mean "BLR"\?; expected BLR$/,
    ],
    [
      'batchSizes: [8]\nstrategies: [BLR]\npoints: [{ batchSizes: [9] }]',
      /^8 points\.0\.batchSizes: 9 not in batchSizes; expected some of 8$/,
    ],
    ['batchSizes: [8]\nstrategies: [BLR, BLR]', /^7 two strategies are named "BLR"$/],
  ])('%s', async (rest, message) => {
    expect(await mistakesOf(`${shapes()}${rest}\n`)).toEqual([expect.stringMatching(message)]);
  });

  it('models and data that are not known or do not go together', async () => {
    const found = await mistakesOf(`name: s
workloads:
  - name: a
    model: resnet9
    dataset: shapes
  - name: b
    model: mlp8
    dataset: shape
  - name: c
    model: lstm
    dataset: shapes
    trainCount: 100
batchSizes: [8]
strategies: [BLR]
learningRates: [0.1]
budget: { epochs: 1 }
`);
    expect(found).toEqual([
      expect.stringMatching(/^4 a: resnet depth must be 6n \+ 2/),
      expect.stringMatching(/^8 unknown data set "shape", did you mean "shapes"\?; expected cifar10, /),
      expect.stringMatching(/^9 c: lstm2x200 is a language model, shapes has images; expected text$/),
    ]);
  });

  it('and nothing of a study that can be', async () => {
    expect(await mistakesOf(`${shapes(', complexity: [0, 0.5]')}batchSizes: [8]\nstrategies: [BLR]\n`)).toEqual([]);
  });
});

it('editors get a JSON Schema that knows every key and its meaning', () => {
  const schema = studyJsonSchema() as { properties: Record<string, { description?: string }>; required: string[] };
  expect(schema.required).toEqual(['name', 'workloads', 'batchSizes', 'strategies', 'budget']);
  expect(schema.properties.microBatch?.description).toMatch(/in memory at a time/);
});

describe('a study file that stands for more than it says', () => {
  const bomb = Array.from({ length: 9 }, (_, i) => {
    const [name, before] = ['abcdefghi'[i]!, i === 0 ? 'x' : `*${'abcdefghi'[i - 1]}`];
    return `${name}: &${name} [${Array(9).fill(before).join(',')}]`;
  }).join('\n');
  const numbers = (count: number) => `[${Array.from({ length: count }, (_, i) => i + 1).join(', ')}]`;

  it.each([
    ['aliases of aliases', bomb, /alias/i],
    ['a value that contains itself', '&a\nname: *a\n', /contains it|alias/i],
    [
      'very many anchors',
      Array.from({ length: 30_000 }, (_, i) => `k${i}: &a${i} x`).join('\n'),
      /^2001 has more than 2000 anchors/,
    ],
    [
      'very many aliases',
      `a: &a x\nb: [${Array(30_000).fill('*a').join(',')}]`,
      /^2 has more than 2000 anchors and aliases/,
    ],
    ['very deep nesting', `a: ${'['.repeat(300)}${']'.repeat(300)}`, /nested more than 100 deep/],
    ['very many values', `a: [${Array(400_000).fill('1').join(',')}]`, /more than 300000 words, numbers and signs/],
    ['a very long file', `# ${'x'.repeat(1_000_000)}\nname: s\n`, /expected at most 1000000/],
    [
      'a grid of millions of points',
      `${shapes()}batchSizes: ${numbers(3000)}\nstrategies: [BLR]\nseeds: ${numbers(1000)}\n`,
      /the grid has 3000000 points; expected at most 200000/,
    ],
    [
      'thousands of workloads',
      `${shapes(`, fraction: [${Array.from({ length: 3000 }, (_, i) => (i + 1) / 3001).join(', ')}]`)}batchSizes: [8]\nstrategies: [BLR]\n`,
      /the grid has 3000 workloads; expected at most 2000/,
    ],
  ])('is refused in one line: %s', async (_, text, message) => {
    const mistakes = await mistakesOf(text);
    expect(mistakes.join('; ')).toMatch(message);
    expect(mistakes.join('; ').length).toBeLessThan(20_000);
  });

  it('names the first of very many mistakes', async () => {
    const text = `${shapes()}batchSizes: [8]\nstrategies: [BLR]\n${Array.from({ length: 300 }, (_, i) => `key${i}: 1`).join('\n')}`;
    const mistakes = await mistakesOf(text);
    expect(mistakes.join(' ').length).toBeLessThan(3000);
    expect(mistakes[0]).toMatch(/unknown "key0"/);
  });

  it('has names that are names', async () => {
    for (const name of ['..', 'a/b', '"\\e[31mred"', 'nul']) {
      const text = `${shapes().replace('name: a', `name: ${name}`)}batchSizes: [8]\nstrategies: [{ name: ${name}, like: BLR }]\n`;
      const found = await mistakesOf(text);
      expect(found.length).toBe(2);
      for (const mistake of found) expect(mistake).toMatch(/name: expected a name/);
    }
  });
});
