import { describe, expect, it } from 'vitest';
import { resnet } from '../../../src/models/architectures/resnet.ts';
import { modelNamed } from '../../../src/models/registry.ts';
import { initialize, matchParameters, parameterCount } from '../../../src/nn/index.ts';

describe('resnet', () => {
  it.each([
    [20, 269_722, 97],
    [32, 464_154, 157],
    [44, 658_586, 217],
    [56, 853_018, 277],
    [110, 1_727_962, 547],
  ])('of depth %i has the published number of parameters and state entries', (depth, count, entries) => {
    const { parameters } = resnet({ depth });
    expect(parameterCount(parameters)).toBe(count);
    expect(parameters.length).toBe(entries);
  });

  it('names its parameters as PyTorch state dicts do', () => {
    const names = resnet({ depth: 8, shortcut: 'B' }).parameters.map((p) => p.name);
    expect(names).toContain('layer2.0.shortcut.0.weight');
    expect(names).toContain('layer3.0.bn2.running_var');
    expect(names.at(-1)).toBe('linear.bias');
  });

  it('is laid out for any batch, open or fixed', () => {
    const model = modelNamed('preresnet20b');
    const params = initialize(model.parameters, 0);
    expect(model.build(params, 'batch').outputs[0]!.value.shape).toEqual(['batch', 10]);
    expect(model.build(params, 4).outputs[0]!.value.shape).toEqual([4, 10]);
  });

  it('refuses a depth that is not 6n + 2 and a name it does not know', () => {
    expect(() => resnet({ depth: 21 })).toThrow(/6n \+ 2/);
    expect(() => modelNamed('vgg99')).toThrow(/unknown model "vgg99"; expected resnet<6n\+2>/);
  });
});

describe('matching a checkpoint', () => {
  const { parameters } = resnet({ depth: 8 });
  const params = initialize(parameters, 1);

  it('accepts the module. prefix and batch counters', () => {
    const prefixed = new Map([...params].map(([name, t]) => [`module.${name}`, t]));
    prefixed.set('module.bn1.num_batches_tracked', { dtype: 'int64', shape: [], data: new BigInt64Array(1) });
    expect([...matchParameters(parameters, prefixed, 'x.th').keys()]).toEqual(parameters.map((p) => p.name));
  });

  it('lists everything that is missing, unexpected and misshapen in one line', () => {
    const wrong = new Map(params);
    wrong.delete('conv1.weight');
    wrong.delete('linear.bias');
    wrong.set('fc.bias', params.get('linear.bias')!);
    wrong.set('bn1.weight', { dtype: 'float32', shape: [3], data: new Float32Array(3) });
    expect(() => matchParameters(parameters, wrong, 'x.th')).toThrow(
      'x.th: weights do not fit the model; missing 2: conv1.weight, linear.bias; unexpected 1: fc.bias; wrong shape 1: bn1.weight is [3], expected [16]',
    );
  });

  it('initializes the same values for a seed and others for another', () => {
    const again = initialize(parameters, 1).get('conv1.weight')!.data;
    expect(again).toEqual(params.get('conv1.weight')!.data);
    expect(initialize(parameters, 2).get('conv1.weight')!.data).not.toEqual(again);
  });
});
