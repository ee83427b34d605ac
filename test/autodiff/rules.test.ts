import { describe, it } from 'vitest';
import { allCases } from './cases/index.ts';
import { checkDerivatives } from './check.ts';

describe('every rule agrees with differences, and its transpose with the rule', () => {
  for (const c of allCases) it(`${c.op}: ${c.setting}`, () => checkDerivatives(c));
});
