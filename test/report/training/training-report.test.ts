import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { renderTrainingReport, type TrainingReport } from '../../../src/report/training/training-report.ts';
import { record, syntheticTraining as report } from '../synthetic-training.ts';

const page = (more?: Partial<TrainingReport>) => parseHTML(renderTrainingReport(report(more))).document;

describe('the report of a training run', () => {
  it('says what was trained, how well, and how to do it again', () => {
    const text = page().body.textContent;
    for (const part of ['269,722 parameters', '300 of 128 examples', '64 at a time', 'accuracy 80.00 %', 'complete'])
      expect(text).toContain(part);
    expect(page().querySelector('footer code')!.textContent).toBe('ballast train --model resnet20 --out "<here>"');
  });

  it('has a curve for each quantity that was measured', () => {
    const titles = (more?: Partial<TrainingReport>) => [...page(more).querySelectorAll('h4')].map((h) => h.textContent);
    expect(titles()).toEqual([
      'cross-entropy in nats',
      'accuracy on the test split',
      'learning rate',
      'gradient norm',
      'examples',
    ]);
    const plain = [100, 200].map((step) => record(step));
    expect(titles({ records: plain })).toEqual(['cross-entropy in nats', 'learning rate', 'gradient norm']);
    expect(titles({ metric: 'perplexity' })[1]).toBe('perplexity on the test split');
  });

  it('is drawn of more records than a call may have arguments', () => {
    const records = Array.from({ length: 130_000 }, (_, i) => record(i + 1));
    expect(renderTrainingReport(report({ records }))).toContain('</svg>');
  });

  it('stands for runs that ended at once or went astray', () => {
    expect(page({ records: [] }).querySelectorAll('svg').length).toBe(0);
    const wild = [record(1, { trainLoss: Number.NaN, gradNorm: Number.POSITIVE_INFINITY }), record(2)];
    expect(renderTrainingReport(report({ records: wild }))).not.toMatch(/NaN|Infinity/);
  });
});
