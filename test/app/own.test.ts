/** What users of the library add describes itself in one place, and is then in the help, the schemas and the library. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

// Modules of its own: what is registered here is nothing to other tests of this process.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { measure } = await import('../../src/app/index.ts');
const { perturb } = await import('../../src/app/measurements/perturb.ts');
const { measurementCommand } = await import('../../src/cli/measurement-command.ts');
const { programFor } = await import('../../src/cli/program.ts');
const { registerMeasurement } = await import('../../src/instrument/index.ts');
const { allKinds, jsonSchemaOf, requestSchemaOf } = await import('../../src/schema/index.ts');
const { registerAttack } = await import('../../src/stability/index.ts');

describe('a measurement of one’s own', () => {
  const sums = registerMeasurement({
    kind: {
      kind: 'sum',
      version: 1,
      summary: 'The sum of some numbers',
      request: z.object({
        numbers: z.array(z.number()).describe('what is added'),
        timesTwo: z.boolean().default(false).describe('twice that'),
        offset: z.int().min(0).default(3).describe('added as well'),
      }),
      result: z.object({ sum: z.number().describe('of all') }),
    },
    label: 'sum',
    examples: [{ what: 'of two', request: { numbers: [1, 2], timesTwo: true } }],
    async prepare({ numbers, timesTwo, offset }, { onProgress }) {
      return {
        plan: { terms: numbers.length },
        run: async () => {
          onProgress?.(1, 'added');
          return { result: { sum: offset + numbers.reduce((a, b) => a + b, 0) * (timesTwo ? 2 : 1) } };
        },
      };
    },
    estimate: ({ terms }) => `${terms} terms`,
    details: () => [],
    table: ({ sum }) => `sum ${sum}`,
  });

  it('is in the library with its defaults, and its request is checked', async () => {
    const told: string[] = [];
    const options = { onProgress: (_: number, detail: string) => told.push(detail) };
    expect(await measure('sum', { numbers: [1, 2], timesTwo: true }, options)).toEqual({ sum: 9 });
    expect(told).toEqual(['added']);
    await expect(measure('sum', { numbers: [1], offset: -1 })).rejects.toMatchObject({ key: 'offset' });
    await expect(measure('sum', { numbers: [1], ofset: 1 })).rejects.toThrow(/^ofset: .*did you mean "offset"\?/);
    await expect(measure('sum', {})).rejects.toThrow(/^numbers: is missing/);
    await expect(measure('summ', {})).rejects.toThrow(/did you mean "sum"\?/);
  });

  it('is in the help, with its flags, defaults and example', async () => {
    expect((await programFor(undefined, [sums])).helpInformation()).toMatch(
      /Your own:\s+sum \[options\] +The sum of some numbers/,
    );
    let help = '';
    measurementCommand(sums)
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp();
    for (const part of [/--numbers <value> +what is added/, /--times-two +twice that/, /--offset <value> .*default: 3/])
      expect(help).toMatch(part);
    expect(help).toContain('$ ballast sum --numbers 1,2 --times-two');
  });

  it('is among the schemas', () => {
    expect(allKinds().map((k) => k.kind)).toContain('sum');
    expect(jsonSchemaOf(sums.kind)).toMatchObject({
      properties: { result: { properties: { sum: { type: 'number' } } } },
    });
  });
});

describe('an attack of one’s own', () => {
  it('is in the help, the schema and the library', async () => {
    registerAttack({
      name: 'nothing',
      what: 'leaves images as they are',
      smallest: false,
      gradients: () => 0,
      run: async (_, { origin, count }) => ({
        adversarial: origin.slice(),
        claimed: new Uint8Array(count),
        successesByStep: [],
        zeroGradients: 0,
      }),
    });
    expect(JSON.stringify(requestSchemaOf(perturb.kind))).toContain('"nothing"');
    expect(measurementCommand(perturb).helpInformation()).toContain('"nothing"');
    const request = { model: 'resnet8', weights: 'random', dataset: 'shapes', images: '0-5', untrained: false };
    const found = await measure('perturb', { ...request, attack: 'nothing' });
    expect(found.attack).toMatchObject({ name: 'nothing', successes: 0 });
    expect(found.attack.accuracy).toBe(found.clean.accuracy);
    await expect(measure('perturb', { ...request, attack: 'nothin' })).rejects.toThrow(
      /^attack: unknown attack "nothin"; expected fgsm, pgd, .*did you mean "nothing"\?/,
    );
  });
});
