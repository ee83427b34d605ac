/** What is said about the library and the command holds: docstrings, examples in TypeScript, command lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageEntries } from '../../scripts/entries.ts';
import { licencesPage } from '../../scripts/licences.ts';
import { programOf, publicSymbols } from '../../scripts/public-symbols.ts';
import { indexPage } from '../../scripts/reference.ts';
import { isCommand, loadCommand } from '../../src/cli/program.ts';
import { commandSummaries } from '../../src/cli/summaries.ts';
import { blocksOf, libraryExamples, markdown } from '../support/fenced-blocks.ts';

const entries = packageEntries();

describe('the library', () => {
  const blocks = libraryExamples(entries.values());
  const examples = new Map(blocks.map((block, i) => [resolve(`test/example-${i}.ts`), block]));
  const texts = new Map([...examples].map(([file, { text }]) => [file, text]));
  // Reading all sources takes seconds: once.
  let program: ts.Program;
  beforeAll(() => {
    program = programOf(entries, texts);
  });

  it('every public symbol has a docstring, and the page over the reference is as written (npm run docs:api writes it)', () => {
    const found = publicSymbols(entries, program);
    const all = found.flatMap(({ symbols }) => symbols);
    expect(all.length).toBeGreaterThan(300);
    expect(all.filter((s) => s.docs === '').map((s) => `${s.where} ${s.name}`)).toEqual([]);
    for (const { name, docs } of found) expect(docs, name).not.toBe('');
    expect(readFileSync('docs/api/README.md', 'utf8')).toBe(indexPage(found));
  });

  it('the examples of the README, of the documentation and of the entries compile', () => {
    expect(blocks.length).toBeGreaterThan(8);
    const problems = [...examples].flatMap(([file, { where }]) => {
      const source = program.getSourceFile(file)!;
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return found.map((d) => `${where}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`);
    });
    expect(problems).toEqual([]);
  });
});

/** The command lines of `ballast` in a page's shell blocks, as words; continued lines are joined, comments and what follows a pipe left out. */
function commandLines(file: string): { readonly where: string; readonly words: readonly string[] }[] {
  return blocksOf(file)
    .filter((b) => ['sh', 'bash', 'console'].includes(b.language))
    .flatMap(({ where, text }) =>
      text
        .replace(/\\\n/g, ' ')
        .split(/\n|&&|;|\|/)
        .map((line) => line.replace(/(^|\s)#.*/, '').trim())
        .flatMap((line) => {
          const own = /(?:^|\s)(?:npx )?(?:ballast|node dist\/cli\/main\.js)\s+(.*)$/.exec(line);
          return own ? [{ where, words: own[1]!.split(/\s+/) }] : [];
        }),
    );
}

describe('the command', () => {
  it('command lines in the documentation use commands, options and choices that there are', async () => {
    const lines = markdown.flatMap(commandLines);
    expect(lines.length).toBeGreaterThan(20);
    const problems: string[] = [];
    for (const { where, words } of lines) {
      const [name, ...rest] = words;
      const said = `${where}: ballast ${words.join(' ')}`;
      if (name === undefined || name.startsWith('-') || name === 'help') continue;
      if (!isCommand(name)) {
        problems.push(`${said}: no command ${name}`);
        continue;
      }
      const command = await loadCommand(name);
      const part = command.commands.find((c) => c.name() === rest[0]);
      problems.push(...mistakesIn(part ?? command, rest).map((problem) => `${said}: ${problem}`));
    }
    expect(problems).toEqual([]);
  });

  it('each command shows how it is called, with options that there are', async () => {
    const problems: string[] = [];
    for (const name of Object.keys(commandSummaries)) {
      if (!isCommand(name)) throw new Error(name);
      const command = await loadCommand(name);
      for (const part of command.commands.length > 0 ? command.commands : [command]) {
        const words = part === command ? [name] : [name, part.name()];
        let help = '';
        part.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
        const shown = [...help.matchAll(/^ +\$ (.*)$/gm)].map(([, line]) => line!);
        const own = shown.map((line) => /ballast (.*?)[)>]?$/.exec(line)?.[1]).filter((line) => line !== undefined);
        if (!own.some((line) => line.startsWith(words.join(' ')))) problems.push(`${words.join(' ')}: no example`);
        const called = own.filter((line) => line.startsWith(words.join(' ')));
        problems.push(
          ...called.flatMap((line) => mistakesIn(part, line.split(/\s+/)).map((problem) => `${line}: ${problem}`)),
        );
      }
    }
    expect(problems).toEqual([]);
  });

  it('options that the text of the documentation names are options of some command', async () => {
    // Of every command; of the fuzzer, of npm, and of the user's script in an example.
    const known = new Set(['--help', '--version', '--only', '--omit', '--bs']);
    for (const name of Object.keys(commandSummaries)) {
      if (!isCommand(name)) throw new Error(name);
      const command = await loadCommand(name);
      for (const part of [command, ...command.commands]) for (const { long } of part.options) if (long) known.add(long);
    }
    const pages = [...markdown, ...readdirSync('docs/walks').map((name) => join('docs/walks', name))];
    const named = pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) =>
        [
          ...readFileSync(page, 'utf8')
            .replace(/^```[\s\S]*?^```/gm, '')
            .matchAll(/`[^`\n]+`/g),
        ]
          .filter(([code]) => !ofOthers.test(code))
          .flatMap(([code]) => [...code.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => ({ page, flag }))),
      );
    expect(named.length).toBeGreaterThan(80);
    expect(named.filter(({ flag }) => !known.has(flag)).map(({ page, flag }) => `${page}: ${flag}`)).toEqual([]);
  });
});

/** Command lines of other programs. */
const ofOthers = /^`(npm|node|npx|python3?|pip|sbatch|torchrun|git|chromium|docker|srun) /;

/** Options that a command does not have, and values that are none of their choices. */
function mistakesIn(command: Command, words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    if (!word.startsWith('--') || word === '--help' || word === '--version') return [];
    const [flag, given] = word.split('=');
    const option = command.options.find((o) => o.long === flag);
    if (!option) return [`no option ${flag}`];
    const value = given ?? words[i + 1];
    const chosen = option.argChoices === undefined || option.argChoices.includes(value ?? '');
    return chosen ? [] : [`${flag} is ${value}, not one of ${option.argChoices?.join(', ')}`];
  });
}

it('docs/licences.md is what package-lock.json says (npm run licences writes it)', () => {
  expect(readFileSync('docs/licences.md', 'utf8')).toBe(licencesPage());
});
