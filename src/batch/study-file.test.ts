import { describe, expect, it } from 'vitest';
import { layOutStudy } from './layout.ts';
import { parseStudyFile, StudyMistakes } from './study-file.ts';
import { studyJsonSchema } from './study-schema.ts';

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
      /^11 strategies\.0: expected BLR, LSR, SRSR, LARS, LAMB, tuned or a mapping, got "BRL"$/,
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
      /^3 a \(z, batch 8; z, batch 16\): optimiser adam has no option "trust"/,
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
