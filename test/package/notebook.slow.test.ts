/** docs/notebook.md: what Python reads of results, as the page has it. Without a Python that has NumPy nothing is tested. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { builtCommand } from '../support/built.ts';

const python = '/usr/bin/python3';
const folder = mkdtempSync(join(tmpdir(), 'ballast-notebook-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.skipIf(spawnSync(python, ['-c', 'import numpy']).status !== 0)(
  'reads the document and the arrays of a spectrum as docs/notebook.md says',
  { timeout: 300_000 },
  () => {
    const page = readFileSync('docs/notebook.md', 'utf8');
    const command = /^```sh\nballast (.*?)\n```$/ms.exec(page)![1]!;
    const measured = spawnSync(process.execPath, [resolve(builtCommand()), ...command.split(' ')], { cwd: folder });
    expect(measured.status).toBe(0);
    const program = /^```python\n(.*?)^```$/ms.exec(page)![1]!;
    const { status, stdout, stderr } = spawnSync(python, ['-c', program], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^0 layer3\.0 largest [\d.]+ residual [\de.-]+$/m);
    expect(stdout).toMatch(/\(4096,\) float64$/m);
  },
);
