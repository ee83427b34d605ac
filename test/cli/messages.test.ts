/** The library speaks of requests; only the command line speaks of its options. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Options that are not ours: of programs that are called or named, and of those that a study names. */
const foreign = /--(account=|import|decompress|stdout|ignore-scripts|bs|resume, "|name=value|name\b|no-name)/g;
/** Where programs are started on other machines, by Slurm: an argument of theirs is a text that begins with its option. A message that names one does not. */
const starts = /^queue.slurm\b/;
const argument = /(['"`])--[a-z][\w-]*(?=[=:]|\1)/g;
/** Custom properties of style sheets: `var(--ink)`, `--ink: #000`, `/--swatch:`. */
const style = /var\(--[\w-]+|--[\w-]+:/g;

describe('outside of the command line', () => {
  it('nothing names a flag', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/^(cli|linalg.wasm)\b/.test(name),
    );
    expect(files.length).toBeGreaterThan(300);
    const named = files.flatMap((name) =>
      readFileSync(join('src', name), 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          /(?<![\w-])--[a-z][a-z-]*/.test(
            (starts.test(name) ? line.replace(argument, '') : line).replace(foreign, '').replace(style, ''),
          )
            ? [`${name}:${i + 1}: ${line.trim()}`]
            : [],
        ),
    );
    expect(named).toEqual([]);
  });
});
