/** A folder as one may have it: results of this repository, spectra that are made up, and a study under way, whose trials this process works on. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { pngDataUrl } from '../../src/report/index.ts';
import { renderSpectrumReport } from '../../src/report/pages.ts';
import { spectrumKind, toDocument } from '../../src/schema/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import type { Claim } from '../../src/store/trial-claims.ts';
import { resnet56Plan, syntheticSpectrum } from '../report/synthetic-spectrum.ts';

/** The study file of the study under way. */
export const liveText = `name: live
workloads:
  - name: shapes
    model: resnet8
    dataset: shapes
    trainCount: 64
    validCount: 16
    targets:
      - { quantity: trainLoss, value: 0.5 }
batchSizes: [8, 16, 32, 64]
strategies: [tuned]
learningRates: [0.1]
seeds: [0, 1]
budget: { steps: 200 }
`;

const batchSizes = [8, 16, 32, 64];
const facts = {
  ...{ name: 'shapes', model: 'resnet8', dataset: 'shapes', fraction: 1, complexity: null, examples: 64 },
  metric: { name: 'accuracy', direction: 'max' },
  parameters: 75_290,
  targets: [{ name: 'trainLoss<=0.5', quantity: 'trainLoss', rule: { kind: 'absolute', value: 0.5 } }],
};

/** A measurement of a trial at a batch size: its loss falls with the examples, less and less. */
export const measured = (batchSize: number, step: number, seed = 0) => ({
  step,
  epoch: (step * batchSize) / 64,
  examples: step * batchSize,
  seconds: step * 0.01,
  trainLoss: 2.3 / (1 + step / (4 + 60 / batchSize)) + 0.01 * seed,
  valLoss: 2.4 / (1 + step / (5 + 60 / batchSize)),
  valMetric: Math.min(0.95, 0.1 + step / 100),
  noiseScale: 20 + step,
  gradNorm: 1,
});

/** Told apart by its first ten characters, as an address tells trials. */
const idOf = (batchSize: number, seed: number) => `b${String(batchSize).padStart(3, '0')}-s${seed}-of-a-live-study`;

/** A study with a trial for each batch size and seed, none of them begun. */
export async function waitingStudy(folder: string): Promise<StudyStore> {
  const store = await StudyStore.open(folder);
  const places = batchSizes.flatMap((batchSize) =>
    [0, 1].map((seed) => ({ batchSize, seed, id: idOf(batchSize, seed) })),
  );
  store.replaceGrid({
    name: 'live',
    text: liveText,
    workloads: { shapes: JSON.stringify(facts) },
    trials: places.map(({ id }) => ({ id, spec: '{}', budgetSteps: 200, budgetSeconds: null })),
    points: places.map(({ id, batchSize, seed }) => ({
      ...{ workload: 'shapes', strategy: 'tuned', batchSize, seed, trialId: id },
      ...{ baseRate: 0.1, learningRate: 0.1, budgetSteps: 200 },
    })),
  });
  return store;
}

export interface LiveStudy {
  readonly store: StudyStore;
  /** The trial that is under way. */
  readonly claim: Claim;
}

/** Four trials have ended, one runs in this process, three wait. */
export async function studyUnderWay(folder: string): Promise<LiveStudy> {
  const store = await waitingStudy(folder);
  for (let n = 0; n < 4; n++) {
    const claim = store.claims.claim()!;
    const [batchSize, seed] = [batchSizes[n >> 1]!, n % 2];
    for (let step = 4; step <= 200; step += 4) store.claims.measure(claim, measured(batchSize, step, seed));
    store.claims.end(claim, { status: 'complete', step: 200, hardware: 'a processor', secondsPerStep: 0.01 });
  }
  const claim = store.claims.claim()!;
  store.claims.begin(claim, 0);
  for (let step = 4; step <= 40; step += 4) store.claims.measure(claim, measured(32, step));
  return { store, claim };
}

const copied = ['branches', 'plan', 'ptb', 'stability', 'cifar10/stability'];

/** Three trials by the small training of the tests for commands, each of about a second; lies beside `trainer.mjs`. */
const commandStudy = `name: program
workloads:
  - name: program
    command: [${JSON.stringify(process.execPath)}, trainer.mjs, "--bs=\${batch}", "--lr=\${lr}", "--seed=\${seed}", "--steps=\${steps}", "--out=\${dir}", --delay=20]
    resume: ["--resume=\${checkpoint}"]
    inputs: [trainer.mjs]
    examples: 1000
    targets: [{ quantity: valLoss, value: 0.9 }]
batchSizes: [2, 4, 8]
strategies: [BLR]
learningRates: [0.1]
baseBatch: 8
seeds: [1]
budget: { steps: 48 }
early: false
`;

/** That study file in a folder, as program.yaml, with its program. `delay`: milliseconds of a step. */
export function writeCommandStudy(folder: string, delay = 20): void {
  cpSync('test/trials/command/trainer.mjs', join(folder, 'trainer.mjs'));
  writeFileSync(join(folder, 'program.yaml'), commandStudy.replace('--delay=20', `--delay=${delay}`));
}

/** A study of one finished trial whose curve is longer than a screen is wide: a measurement at each of 5,000 steps. */
export async function longStudy(folder: string): Promise<void> {
  const store = await waitingStudy(folder);
  const claim = store.claims.claim()!;
  const db = new Database(store.path);
  db.exec(`insert into measurement
     with recursive s(step) as (select 1 union all select step + 1 from s where step < 5000)
     select t.number, step, step / 8.0, step * 8, step * 0.01, 2.0 / (1 + step * 0.01) + (step % 7) * 0.001, null, null, null, null
     from trial t, s where t.id = '${claim.id}'`);
  db.close();
  store.claims.end(claim, { status: 'complete', step: 5000, hardware: 'a processor', secondsPerStep: 0.01 });
  store.close();
}

/** Fills a folder; the study that is under way is in `live`. */
export async function fillFolder(folder: string): Promise<LiveStudy> {
  for (const name of copied) cpSync(join('results', name), join(folder, name), { recursive: true });
  for (const [name, from] of [
    ['spectrum-a', 20],
    ['spectrum-b', 21],
  ] as const) {
    mkdirSync(join(folder, name));
    const result = syntheticSpectrum({ plans: resnet56Plan().slice(from, from + 3), indices: [0, 7], weights: name });
    writeFileSync(join(folder, name, 'result.json'), JSON.stringify(toDocument(spectrumKind, null, result)));
    // As `ballast spectrum` leaves it, and then changed by somebody who means no good.
    const grey = pngDataUrl({ width: 8, height: 8, bytes: new Uint8Array(192).fill(99) });
    const page = renderSpectrumReport(result, { images: [0, 7].map((index) => ({ index, pngDataUrl: grey })) });
    const foreign =
      '<ul class="pictures"><li><img src="http://evil.example/x.png" alt="evil" onerror="alert(1)"><span><b>evil</b></span></li></ul><form action="/api/cancel"><button>Start</button></form>';
    writeFileSync(join(folder, name, 'report.html'), page.replace('</main>', `${foreign}</main>`));
  }
  writeFileSync(join(folder, 'new-study.yaml'), liveText.replace('name: live', 'name: new'));
  return studyUnderWay(join(folder, 'live'));
}
