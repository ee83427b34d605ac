/** What a server of results answers, on the results that are in this repository. */
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/schema/serve/index.ts';
import { openApi } from '../../src/server/index.ts';
import { ask, sent, serving, settledFolder } from './served.ts';

describe('a served folder', async () => {
  const server = await serving()({ folder: 'results' });

  it('lists studies and results with their kinds, also those from before results said what they are', async () => {
    const { entries, name } = await settledFolder(server);
    expect(name).toBe('results');
    const kinds = new Map(entries.map((e) => [e.path, e.kind]));
    expect(kinds.get('cifar10')).toBe('study');
    expect(kinds.get('pytorch/ptb')).toBe('study');
    expect(kinds.get('branches/result.json')).toBe('branches');
    expect(kinds.get('plan/plan.json')).toBe('batch-plan');
    expect(kinds.get('stability/growth.json')).toBe('growth');
    expect(entries.filter((e) => e.kind === 'unreadable')).toEqual([]);
  });

  it('opens every result that it lists: as a page with figures and their files, or as a table', async () => {
    const { entries } = await settledFolder(server);
    const results = entries.filter((e) => e.path.endsWith('.json'));
    expect(results.length).toBeGreaterThan(5);
    for (const { path, kind } of results) {
      const { page, table, files, kind: opened } = await ask(server, 'result', { path });
      expect(opened).toBe(kind);
      // One study has measured no linear errors.
      if (path !== 'camvid/linear-errors.json') expect(table, path).not.toBe('');
      if (page === null) continue;
      expect(page).toContain('<!DOCTYPE html>');
      for (const name of files.slice(0, 2)) {
        const { text } = await ask(server, 'figure', { of: path, name });
        expect(text).toMatch(name.endsWith('.svg') ? /^<\?xml[\s\S]*<svg/ : /,/);
      }
    }
  });

  it('opens a study with its trials, their curves and what they say', async () => {
    const { trials, source, counts } = await ask(server, 'study', { study: 'ptb' });
    expect(source).toBe('measured');
    expect(trials.length).toBeGreaterThan(50);
    expect(Object.values(counts).reduce((a, b) => a + b)).toBe(trials.length);
    const long = [...trials].sort((a, b) => b.step - a.step).slice(0, 3);
    const { curves } = await ask(server, 'curves', {
      study: 'ptb',
      trials: long.map((t) => t.id),
      quantity: 'valLoss',
    });
    for (const [i, curve] of curves.entries()) {
      expect(curve.trial).toBe(long[i]!.id);
      expect(curve.step.at(-1)).toBe(long[i]!.step);
      expect(curve.step.length).toBe(curve.value.length);
    }
    const { answer, outcomes } = await ask(server, 'analysis', { study: 'ptb' });
    expect(answer.join(' ')).toContain('B_crit');
    const { page, files } = await ask(server, 'report', { study: 'ptb' });
    expect(page).toContain('B_crit');
    const cost = await ask(server, 'cost', { study: 'ptb', price: 2 });
    expect(cost.page).toContain('2.00 a device-hour (given)');
    expect((await ask(server, 'figure', { of: 'ptb', part: 'cost', name: cost.files[0]! })).text).toContain('<svg');
    expect(outcomes.some((o) => o.reachedAt !== null)).toBe(true);
    expect(files.some((f) => f.endsWith('.svg'))).toBe(true);
  });

  it('says what is wrong with a study file, line by line, and what a right one asks for', async () => {
    const right =
      'name: a\nworkloads:\n  - { name: w, model: resnet8, dataset: shapes, targets: [{ quantity: trainLoss, value: 1 }] }\nbatchSizes: [8, 16]\nstrategies: [BLR]\nlearningRates: [0.1]\nseeds: [0]\nbudget: { steps: 10 }\n';
    expect(await ask(server, 'check', { text: right })).toEqual({
      mistakes: [],
      workloads: ['w'],
      trials: 2,
      runsCommands: false,
    });
    const { mistakes } = await ask(server, 'check', { text: right.replace('batchSizes', 'batchsizes') });
    expect(mistakes.map((m) => m.line)).toContain(4);
    expect(mistakes.map((m) => m.message).join()).toMatch(/did you mean "batchSizes"/);
  });

  it('answers a wrong request with a line that names what is wrong with it', async () => {
    await expect(ask(server, 'study', { study: 'nothing' })).rejects.toThrow(/^404: .*nothing/);
    await expect(ask(server, 'curves', { study: 'ptb', trials: [], quantity: 'valLoss' })).rejects.toThrow(
      /^400: trials/,
    );
    await expect(ask(server, 'study', {} as never)).rejects.toThrow(/^400: study/);
    await expect(ask(server, 'nothing' as never, {} as never)).rejects.toThrow(/^404/);
    expect((await sent(server, '/api/pause')).status).toBe(405);
    expect((await sent(server, '/api/study?q=no+json')).status).toBe(400);
  });

  it('describes itself in OpenAPI, from the schemas that it checks with', async () => {
    const { status, text } = await sent(server, '/api/openapi.json');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(openApi())));
    const { paths } = openApi();
    for (const name of Object.keys(operations)) expect(paths).toHaveProperty([`/api/${name}`]);
  });
});
