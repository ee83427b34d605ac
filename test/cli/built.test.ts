/** Every command as users start it, compiled and in a process of its own; most of what commands do is tested in the process of the tests. */
import { expect, it } from 'vitest';
import { commandSummaries } from '../../src/cli/summaries.ts';
import { ballastProcess } from '../support/ballast.ts';

it.each(Object.keys(commandSummaries))('the built command line has %s, which says what it takes', (name) => {
  const { status, stdout, lines } = ballastProcess(name, '--help');
  expect(lines.join('\n')).toBe('');
  expect(stdout.startsWith(`Usage: ballast ${name} `)).toBe(true);
  expect(status).toBe(0);
});
