/** What the page loads. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { builtCommand } from '../support/built.ts';

describe('the built page', () => {
  builtCommand();
  const folder = 'dist/web';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');

  it('loads less than 150 KB', () => {
    const index = textOf('index.html');
    const loaded = files.filter((name) => name === 'index.html' || index.includes(`/${name}"`));
    expect(loaded.some((name) => name.endsWith('.js'))).toBe(true);
    const bytes = loaded.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);
    expect(bytes).toBeLessThan(150_000);
  });

  it('has one build of what runs a reader’s own model, zipped, and loads it only with that view', () => {
    const runtimes = files.filter((name) => /\.wasm/.test(name));
    expect(runtimes.length).toBe(1);
    expect(runtimes[0]).toMatch(/\.wasm\.gz$/);
    const whole = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(whole).toBeLessThan(5_000_000);
    expect(textOf('index.html')).not.toContain('wasm');
  });

  it('has no style or script in its text, and names no other place', () => {
    const index = textOf('index.html');
    expect(index).not.toMatch(/<style|<script(?![^>]* src="\/)[^>]*>|https?:\/\//);
    // What a reader's own model is run by has addresses in its messages, which the policy of the page keeps it from.
    for (const name of files.filter((f) => /index-.*\.(?:js|css)$/.test(f)))
      expect(
        [...textOf(name).matchAll(/https?:\/\/[\w.]+/g)]
          .map(([url]) => url)
          .filter((url) => !url.includes('www.w3.org')),
        name,
      ).toEqual([]);
  });
});
