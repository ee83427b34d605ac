/** The commands of `ballast batch`, each in a line: shown before any of them is loaded. */
import { summaries as measurements } from '../../../schema/summaries.ts';

export const batchSummaries = {
  init: 'Write a study file for a script (its command behind two hyphens), for models that Ballast trains itself, or a mapping for logs; on a terminal it asks for what is missing',
  check:
    'Run each command of a study for a while and say what was recognized of it: metrics, steps, checkpoints, whether it goes on from them, and what the study would cost',
  run: 'Compute what is missing of a study; it can be interrupted, resumed, edited and run twice at once',
  sync: 'Take in what workers have said of a study that is handed out, give out again what came back, and end: for a coordinator that runs now and then',
  status: 'What of a study is done, runs, failed or is missing; and where its rates lie on the edge of their grid',
  report: 'What a batch study says: steps to targets, speed-up, critical batch, cost, and the paper’s statements on it',
  linear:
    'How far the steps of a study leave the region where the loss is linear, by strategy and batch size; `batch report` shows it from then on',
  plan: 'Which batch size to train at, and what a larger one costs: from one short run of the training and timed steps',
  branch: measurements.branches,
  schedule:
    'A schedule of batch, rate, weight decay and beta2 for your own trainer, as a Python list, YAML or JSON: AdamW at another batch size, Seesaw, the warm-up of the batch that branches measured, a constant rate with averaged weights',
  stability: measurements['study-stability'],
  export: 'Write the measurements of a study for other programs',
  import:
    'Logs of other programs as a study that `batch report` reads: CSV, JSON lines, TensorBoard, Weights & Biases, MLflow, Lightning, Hugging Face, printed lines (docs/logs.md)',
  schema: 'Print the JSON Schema of study files, for editors',
} as const;
