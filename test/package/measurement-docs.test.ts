import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { measurementDocs } from '../../src/cli/measurement-docs.ts';

it('docs/measurements.md is what the measurements say of themselves (npm run measurement-docs writes it)', () => {
  expect(readFileSync('docs/measurements.md', 'utf8')).toBe(measurementDocs());
});
