/** What every kind is, in a line: for help, which is shown before anything else is loaded. */
export const summaries = {
  spectrum: 'Singular values of residual units and stages, linearized at images of the test set',
  perturb:
    'Random and adversarial perturbations of images: accuracy under attack, growth through the network, energies on singular vectors',
  compare:
    'Two or more networks, or the checkpoints of a training, side by side: accuracy under attack against radius, growth, singular values',
  intervene:
    'Scale the skip connection and the branch of residual units: what becomes of their singular values, and of the accuracy',
  curvature: 'Hessian of the mean loss over some examples: largest eigenvalues, trace and density of the spectrum',
  convolutions:
    'Singular values of single convolutions with their padding and stride, beside the circular approximation',
  eigenvalues: 'Eigenvalues of the branches of residual units with an identity shortcut, at images of the test set',
  alignment: 'How the top singular vectors of the branches of a stage align across depth, at images of the test set',
  tokens:
    'Jacobians of the blocks of a transformer, token by token: singular values, eigenvalues, coupling across depth, growth of perturbed embeddings',
  'reproduce-stability':
    'Findings F1 to F5 of Rothauge et al. (arXiv 1905.13386) on a residual network: spectra, interventions, perturbations, projections; one page',
  'study-stability':
    'The networks that a study trained, compared: singular values, growth of perturbations and adversarial accuracy against batch size and strategy',
  branches:
    'The critical batch size of your own training, by branches from its checkpoints: B* with an interval at several moments, and the warm-up of the batch that follows',
  eval: 'How good a network is on held-out data: accuracy, intersection over union or perplexity, and mean cross-entropy',
  'batch-plan': 'Which batch size to train with: critical batch size, step times, and what a training costs',
  'linear-errors': 'How far one step of a study’s networks is from the linear approximation of the loss',
  'measurement-plan': 'What a measurement is going to do, and what it will cost',
  train: 'A training run: what it was asked for, its metrics, and where it ended',
  'train-outline': 'What a training is going to do',
  'run-config': 'All settings of a training run: config.json in its folder',
  'folder-request': 'What a folder of results was made for: request.json in it',
  'batch-report':
    'What a batch study says: steps to targets, speed-up, critical batch, cost, and the paper’s statements on it',
  'batch-reports': 'The statements of arXiv 1811.12941 on several studies, one by one and together',
  'batch-run': 'What a run of a study has come to: trials by state, and rates at the edge of their grid',
  'batch-missing': 'What is missing of a study, and what computing it takes',
  'batch-status': 'What of a study is done, runs, failed or is missing',
  'batch-check': 'What the commands of a study turned out to do when they ran for a while',
  'batch-plan-outline': 'What the planning of a batch size is going to do',
  'measured-study': 'The measurements of a study, such as imported logs: workloads, and every trial with its curve',
  'batch-import': 'What was found in logs of other programs',
  'batch-export': 'What was written of a study for other programs',
  'reproduce-batch': 'The statements of arXiv 1811.12941 on the studies that Ballast brings along',
  'queue-status': 'How a study is handed out: its workers, what they are at, and the trials that are parked',
  units: 'Residual units and stages found in a network',
  models: 'The built-in models',
  model: 'One built-in model with its parameters',
  datasets: 'The data sets with the files that they need',
  dataset: 'One data set, and what was found in its files',
  kinds: 'The kinds of results and files',
  growth: 'The growth of perturbations at the end of every stage, out of a reproduction',
} as const;
