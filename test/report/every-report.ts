/** Every kind of report, of results that are made up or measured on networks that take a moment: the page, and what the terminal shows. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedResults } from '../../src/app/stored-results.ts';
import { RandomStream } from '../../src/base/random.ts';
import type { StudyStability } from '../../src/comparison/index.ts';
import type { ImageDataset } from '../../src/data/index.ts';
import { modelNamed, type Network, resnet, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { tensor } from '../../src/onnx/index.ts';
import {
  alignmentTable,
  batchCostTable,
  batchPlanTable,
  batchTable,
  branchesTable,
  comparisonTable,
  convolutionsTable,
  curvatureTable,
  eigenvaluesTable,
  interventionTable,
  perturbationTable,
  pngDataUrl,
  reproductionTable,
  spectrumTable,
  studiesTable,
  studyStabilityTable,
  terminalPlot,
  tokensTable,
  trainingTable,
} from '../../src/report/index.ts';
import { writeReportIndex } from '../../src/report/kit/folder-index.ts';
import * as pages from '../../src/report/pages.ts';
import type { BranchesResult } from '../../src/schema/index.ts';
import {
  Comparison,
  countActiveUnits,
  measureAlignment,
  measureConvolutions,
  measureEigenvalues,
  measureIntervention,
  measurePerturbations,
  measureTokens,
  type ReproductionResult,
} from '../../src/stability/index.ts';
import { combinedStatements, reportOf } from '../../src/study/analysis/index.ts';
import { costsOfReport } from '../../src/study/cost/index.ts';
import { importStudy } from '../../src/study/import/index.ts';
import { planFrom } from '../../src/study/plan/index.ts';
import { syntheticCurvature } from './synthetic-curvature.ts';
import { syntheticPlan } from './synthetic-plan.ts';
import { syntheticSpectrum } from './synthetic-spectrum.ts';
import { syntheticStudy } from './synthetic-study.ts';
import { syntheticTraining } from './synthetic-training.ts';

export interface ReportOfAKind {
  readonly kind: string;
  readonly page: string;
  /** For a terminal of so many columns; none where a command prints no table. */
  readonly terminal?: (columns: number) => string;
}

const stream = new RandomStream({ seed: 1, purpose: 'reports' });
const dataset: ImageDataset = {
  name: 'noise',
  classes: ['a', 'b', 'c'],
  count: 30,
  shape: [3, 8, 8],
  pixels: Uint8Array.from({ length: 30 * 192 }, () => 255 * stream.uniform()),
  labels: Uint8Array.from({ length: 30 }, (_, i) => i % 3),
};
const withSeed = (seed: number, depth = 8): Network => {
  const model = resnet({ depth, width: 4, classes: 3, inputShape: [3, 8, 8] });
  return { ...withValues(model, initialize(model.parameters, seed)), weights: 'fresh' };
};
const network = withSeed(3);
const runtime = { device: 'cpu', threads: 1 } as const;
const command = 'ballast something --with options';
const made = { ballast: '0.1.0', date: '2026-01-02T03:04:05.678Z' };

async function stabilityReports(): Promise<ReportOfAKind[]> {
  const images = [0, 1, 2, 3, 4, 5, 6, 7];
  const shape = dataset.shape;
  const spectrum = syntheticSpectrum();
  const picture = pngDataUrl({ width: 2, height: 2, bytes: new Uint8Array(12).fill(99) }, 3);
  const alignment = await measureAlignment({ network: withSeed(3, 14), dataset, images: [0, 1], top: 2 });
  const eigenvalues = await measureEigenvalues({
    network,
    dataset,
    images: [0, 1],
    units: 'all',
    method: 'auto',
    top: 5,
  });
  const convolutions = await measureConvolutions({ network, layers: 'all', foldNorm: false, method: 'auto', top: 3 });
  const intervention = await measureIntervention({
    network,
    dataset,
    images: [0, 1],
    units: 'layer1.0,layer3.0',
    skipScales: [0, 0.5, 1, 2],
    weightScales: [1, 2],
    operatingPoint: 'frozen',
    evaluationImages: 20,
    finalRelu: false,
    method: 'auto',
    top: 5,
  });
  const perturbations = await measurePerturbations({
    network,
    dataset,
    images: images,
    attack: 'pgd',
    norm: 'linf',
    radii: [8 / 255, 2 / 255, 0.2],
    steps: 3,
    restarts: 1,
    randomStart: false,
    noise: 'gaussian',
    untrained: withSeed(5),
    project: { steps: 3, top: 2, finalRelu: false, images: 2 },
    seed: 0,
    runtime,
  });
  const whole: ReproductionResult = {
    model: intervention.model,
    weights: intervention.weights,
    dataset: dataset.name,
    images,
    active: await countActiveUnits(network, dataset, images, { runtime }),
    spectra: spectrum,
    interventions: [
      // What one unit alone would have shown, and all together.
      {
        ...intervention,
        changed: ['layer1.0'],
        scales: intervention.scales.map((s) => ({ ...s, units: s.units.filter((u) => u.name === 'layer1.0') })),
      },
      intervention,
    ],
    perturbations: perturbations.result,
    environment: spectrum.environment,
    seconds: 60,
  };
  const color = false;
  return [
    {
      kind: 'spectrum',
      page: pages.renderSpectrumReport(spectrum, { command, images: [{ index: 0, pngDataUrl: picture }] }),
      terminal: (width) => spectrumTable(spectrum, { color, width }) + terminalPlot(spectrum, { color, width }),
    },
    {
      kind: 'spectrum of leading values',
      page: pages.renderSpectrumReport(
        syntheticSpectrum({
          indices: [3],
          plans: ['a', 'b', 'c'].map((name, i) => ({
            name: `stage.${name}`,
            shape: [64, 64] as const,
            active: 20,
            largest: 3 + i,
            smallest: 0.1,
            ...(i === 1 ? {} : { leading: 5 }),
          })),
        }),
      ),
    },
    {
      kind: 'alignment',
      page: pages.renderAlignmentReport(alignment, { command }),
      terminal: (width) => alignmentTable(alignment, { color, width }),
    },
    {
      kind: 'eigenvalues',
      page: pages.renderEigenvaluesReport(eigenvalues, { command }),
      terminal: (width) => eigenvaluesTable(eigenvalues, { color, width }),
    },
    {
      kind: 'convolutions',
      page: pages.renderConvolutionsReport(convolutions, { command }),
      terminal: (width) => convolutionsTable(convolutions, { color, width }),
    },
    {
      kind: 'intervention',
      page: pages.renderInterventionReport(intervention, { command }),
      terminal: (width) => interventionTable(intervention, { color, width }),
    },
    {
      kind: 'perturbation',
      page: pages.renderPerturbationReport(perturbations.result, { pixels: perturbations.pixels, shape, command }),
      terminal: (width) => perturbationTable(perturbations.result, { color, width }),
    },
    {
      kind: 'reproduction of stability',
      page: pages.renderReproductionReport(whole, { pixels: perturbations.pixels, shape, command }),
      terminal: (width) => reproductionTable(whole, { color, width }),
    },
    {
      kind: 'curvature',
      page: pages.renderCurvatureReport(syntheticCurvature, { command }),
      terminal: (width) => curvatureTable(syntheticCurvature, { color, width }),
    },
    {
      kind: 'training',
      page: pages.renderTrainingReport(syntheticTraining()),
      terminal: (width) => trainingTable(syntheticTraining(), { color, width }),
    },
    {
      // Accuracies that whole per cents do not tell apart.
      kind: 'training that learns little',
      page: pages.renderTrainingReport({
        ...syntheticTraining(),
        records: syntheticTraining().records.map((r, i) => ({ ...r, valMetric: 0.107 + 0.006 * i })),
        normalization: 'imagenet (mean 0.485, 0.456, 0.406; deviation 0.229, 0.224, 0.225), by default',
      }),
    },
  ];
}

/** A small language model at two windows, some tokens of each. */
async function tokensReport(): Promise<ReportOfAKind> {
  const model = modelNamed('transformer3x16', { classes: 20 });
  const language = { ...withValues(model, initialize(model.parameters, 3)), weights: 'random' };
  const windows = [
    [3, 1, 4, 1, 5, 9],
    [2, 7, 1, 8, 2, 8],
  ];
  const result = await measureTokens({
    ...{ network: language, graph: language.graph(1, 6), dataset: 'digits', tokens: [1, 4], top: 3 },
    ...{ radius: 0.05, steps: 3, seed: 1 },
    points: windows.map((window, at) => ({
      at,
      input: tensor('int64', [1, 6], BigInt64Array.from(window, BigInt)),
      labels: [...window.slice(1), -1],
    })),
  });
  return {
    kind: 'tokens',
    page: pages.renderTokensReport(result, { command }),
    terminal: (width) => tokensTable(result, { color: false, width }),
  };
}

async function batchReports(): Promise<ReportOfAKind[]> {
  const stored = await importStudy('results/cifar10/measurements.csv');
  const link = { bandwidth: 1e10, latency: 5e-5, source: 'given' } as const;
  const studies = [
    ['batch study', syntheticStudy(), { devices: [1, 2, 4], link, price: 1.2 }],
    ['stored batch study', stored, { devices: [1] }],
  ] as const;
  const plan = planFrom({ ...syntheticPlan, devices: [1, 2, 4, 8], link, price: 1.2 });
  // Stored by an earlier version: its trends are those of today's analysis.
  const [stability] = await storedResults('results/cifar10/stability/result.json');
  const joint = stability!.document.result as StudyStability;
  const [branched] = await storedResults('results/branches/result.json');
  const branches = branched!.document.result as BranchesResult;
  const color = false;
  const reports = studies.map(([kind, study, costs]) => {
    const report = reportOf(study, { cost: null, linearErrors: [] });
    return { kind, report: { ...report, cost: costsOfReport(study, report, costs) } };
  });
  const together = combinedStatements(reports.map((r) => r.report));
  return [
    ...reports.map(({ kind, report }): ReportOfAKind => {
      const cost = pages.batchCostSection(report.cost);
      return {
        kind,
        page: pages.renderBatchReport(report, { made, command, ...(cost ? { cost } : {}) }),
        terminal: (width) => batchTable(report, { color, width }) + batchCostTable(report.cost, { color, width }),
      };
    }),
    {
      kind: 'several studies',
      page: pages.renderStudiesReport(
        reports.map((r) => r.report),
        { made, command, together, pages: ['one/report.html', null] },
      ),
      terminal: (width) =>
        studiesTable(
          reports.map((r) => r.report),
          together,
          { color, width },
        ),
    },
    {
      kind: 'plan',
      page: pages.renderBatchPlanReport(plan, { command }),
      terminal: (width) => batchPlanTable(plan, { color, width }),
    },
    {
      kind: 'branches',
      page: pages.renderBranchesReport(branches, { command }),
      terminal: (width) => branchesTable(branches, { color, width }),
    },
    {
      kind: 'stability of a study',
      page: pages.renderStudyStabilityReport(joint, { command }),
      terminal: (width) => studyStabilityTable(joint, { color, width }),
    },
  ];
}

/** Two networks side by side, and the checkpoints of a run, the last of which have not moved. */
async function comparisonReports(): Promise<ReportOfAKind[]> {
  const compared = [
    ['comparison', [1, 2].map((seed) => ({ name: `network ${seed}`, seed, step: null }))],
    ['comparison of checkpoints', [1, 2, 3, 4, 4].map((seed, i) => ({ name: `step ${100 * i}`, seed, step: 100 * i }))],
  ] as const;
  return Promise.all(
    compared.map(async ([kind, members]): Promise<ReportOfAKind> => {
      const comparison = await Comparison.prepare({
        members: members.map(({ name, seed, step }) => ({
          name,
          network: withSeed(seed),
          dataset,
          step,
          trained: { batchSize: 64, learningRate: 0.1 },
        })),
        images: Array.from({ length: 12 }, (_, i) => i),
        ...{ attack: 'pgd', norm: 'linf', radii: [2 / 255, 8 / 255, 0.1], steps: 2, units: 'ends', spectrumImages: 1 },
        ...{ method: 'auto', top: 5, seed: 0, runtime },
      });
      const result = await comparison.run();
      return {
        kind,
        page: pages.renderComparisonReport(result, { command }),
        terminal: (width) => comparisonTable(result, { color: false, width }),
      };
    }),
  );
}

/** The page of links over the reports of a folder, and one of these with its link back. */
async function folderReports(reports: readonly ReportOfAKind[]): Promise<ReportOfAKind[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-folder-'));
  try {
    reports.forEach(({ page }, i) => {
      writeFileSync(join(folder, `${i}.html`), page);
    });
    const index = await writeReportIndex(folder, { title: 'All reports', made });
    return [
      { kind: 'index of a folder', page: readFileSync(index!, 'utf8') },
      { kind: 'report of a folder', page: readFileSync(join(folder, '0.html'), 'utf8') },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** In some seconds. */
export async function everyReport(): Promise<ReportOfAKind[]> {
  const reports = [
    ...(await stabilityReports()),
    await tokensReport(),
    ...(await comparisonReports()),
    ...(await batchReports()),
  ];
  return [...reports, ...(await folderReports(reports))];
}
