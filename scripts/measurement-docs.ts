/** Writes docs/measurements.md from what the measurements say of themselves: `npm run measurement-docs`. A test checks that it is as written. */
import { writeFileSync } from 'node:fs';
import { measurementDocs } from '../src/cli/measurement-docs.ts';

writeFileSync(new URL('../docs/measurements.md', import.meta.url), measurementDocs());
