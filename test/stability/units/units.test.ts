import { describe, expect, it } from 'vitest';
import { modelNamed } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { findStages, findUnits, selectUnits } from '../../../src/stability/units/units.ts';

function unitsOf(name: string) {
  const model = modelNamed(name);
  return findUnits(model.build(initialize(model.parameters, 0), 1));
}

describe('residual units are found by structure', () => {
  it.each(['resnet20', 'resnet20b', 'preresnet20', 'preresnet20b'])(
    'in %s: nine, named as in the state dict',
    (name) => {
      const units = unitsOf(name);
      expect(units.map((u) => u.name)).toEqual([1, 2, 3].flatMap((s) => [0, 1, 2].map((i) => `layer${s}.${i}`)));
      expect(units.map((u) => u.input.shape.slice(1).join('x'))[3]).toBe('16x32x32');
      expect(units.map((u) => u.output.shape.slice(1).join('x'))[3]).toBe('32x16x16');
    },
  );

  it('with the final ReLU where there is one', () => {
    expect(unitsOf('resnet20').every((u) => u.output !== u.sum)).toBe(true);
    expect(unitsOf('preresnet20').every((u) => u.output === u.sum)).toBe(true);
  });

  it('with identity shortcuts except where the size changes', () => {
    expect(unitsOf('resnet20').map((u) => u.shortcut === u.input)).toEqual([
      true,
      true,
      true,
      false,
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  it('with the last ReLU of the branch as hidden layer', () => {
    for (const u of unitsOf('preresnet20')) expect(u.hidden?.post.name).toMatch(/relu2/);
    for (const u of unitsOf('resnet20')) expect(u.hidden?.post.name).toMatch(/relu1/);
  });
});

describe('stages', () => {
  it('are the three sizes of a CIFAR ResNet', () => {
    expect(findStages(unitsOf('resnet32')).map((s) => [s.name, s.units.length])).toEqual([
      ['layer1', 5],
      ['layer2', 5],
      ['layer3', 5],
    ]);
  });
});

describe('selecting units', () => {
  const units = unitsOf('resnet20');
  it('takes names and runs', () => {
    const [one, run] = selectUnits(units, 'layer3.1,layer1.0..layer1.2');
    expect(one!.units.map((u) => u.name)).toEqual(['layer3.1']);
    expect(run!.units.map((u) => u.name)).toEqual(['layer1.0', 'layer1.1', 'layer1.2']);
  });
  it('names the nearest ones for a name that does not exist', () => {
    expect(() => selectUnits(units, 'layer3.9')).toThrow(
      /no unit "layer3.9"; nearest: layer3\.\d, layer3\.\d, layer3\.\d/,
    );
    expect(() => selectUnits(units, 'layer2.1..layer1.0')).toThrow(/backwards/);
  });
});
