/** The walks of docs/walks: every command of theirs is run, one page in one folder, and says what its page says. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { builtCommand } from '../support/built.ts';

const pages = 'docs/walks';
const folder = mkdtempSync(join(tmpdir(), 'ballast-walks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Step {
  readonly script: string;
  readonly exitCode: number;
  /** Lines that must be in the output; `…` stands for anything. */
  readonly said: readonly string[];
}

/** The fenced `sh` blocks of a page, each with the `text` block behind it. */
function stepsOf(page: string): Step[] {
  const blocks = [...page.matchAll(/^```(sh|text)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text: text! }));
  return blocks.flatMap(({ kind, text: script }, i) => {
    if (kind !== 'sh') return [];
    const next = blocks[i + 1];
    return {
      script,
      exitCode: Number(/# exit code (\d+)\n$/.exec(script)?.[1] ?? 0),
      said: next?.kind === 'text' ? next.text.trimEnd().split('\n') : [],
    };
  });
}

const pattern = (line: string) =>
  new RegExp(
    line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*'),
  );

describe.each(readdirSync(pages).filter((name) => name.endsWith('.md')))('the walk %s', (name) => {
  const steps = stepsOf(readFileSync(join(pages, name), 'utf8'));

  it('says what each of its commands says', { timeout: 600_000 }, () => {
    const home = join(folder, name);
    const bin = join(home, 'bin');
    mkdirSync(bin, { recursive: true });
    symlinkSync(resolve(builtCommand()), join(bin, 'ballast'));
    for (const script of readdirSync(pages).filter((file) => file.endsWith('.mjs')))
      copyFileSync(join(pages, script), join(home, script));
    expect(steps.length).toBeGreaterThan(4);
    for (const { script, exitCode, said } of steps) {
      const { status, stdout, stderr } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
        cwd: home,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, COLUMNS: '120' },
      });
      const output = stdout + stderr;
      expect(status, `${script}\n${output}`).toBe(exitCode);
      expect(output, script).not.toMatch(/unexpected failure|NaN|undefined/);
      for (const line of said) expect(output, script).toMatch(pattern(line));
    }
  });
});
