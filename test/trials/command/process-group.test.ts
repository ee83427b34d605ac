import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { ProcessGroup } from '../../../src/trials/command/process-group.ts';

/** The program is over before the note of it is written, as on a busy disk. */
vi.mock('../../../src/formats/index.ts', async (original) => ({
  ...(await original<typeof import('../../../src/formats/index.ts')>()),
  writeFileAtomic: () => setTimeout(1500),
}));

const folder = mkdtempSync(join(tmpdir(), 'ballast-group-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('hears a program that is over before its note is written', async () => {
  const said: Promise<string>[] = [];
  const group = await ProcessGroup.start(
    {
      program: '/bin/sh',
      args: ['-c', 'echo out; echo error >&2'],
      cwd: folder,
      env: {},
      argsFile: { path: join(folder, 'args.json'), text: '{}' },
    },
    process.env,
    join(folder, 'process.json'),
    (stream) => said.push(text(stream)),
  );
  await group.closed;
  expect(await group.exited).toEqual({ code: 0, signal: null });
  expect(await Promise.all(said)).toEqual(['out\n', 'error\n']);
});
