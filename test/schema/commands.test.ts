import { expect, it } from 'vitest';
import { checkRequest, demoRequest, initRequest, targetIn } from '../../src/schema/index.ts';

it('a target is a quantity and a number, and nothing that only looks like one', () => {
  expect(targetIn('valLoss=1.2')).toEqual({ quantity: 'valLoss', value: 1.2 });
  expect(targetIn(' trainLoss : .5e-1 ')).toEqual({ quantity: 'trainLoss', value: 0.05 });
  for (const text of ['VALLOSS=1', 'loss=1', 'valLoss=', 'valLoss=low', 'valLoss=1 2', 'valLoss=Infinity'])
    expect(() => checkRequest(initRequest, { file: 'a.yaml', target: text })).toThrow(/expected a target such as/);
});

it('a folder has a name', () => {
  expect(checkRequest(demoRequest, {}).out).toBe('out/demo');
  for (const out of ['', '  ', 'a\0b'])
    expect(() => checkRequest(demoRequest, { out })).toThrow(/the name of a folder/);
});
