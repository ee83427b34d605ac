/** A small plan of the batch size, for tests: a run of 24 steps. */
const training = ['--model', 'resnet8', '--dataset', 'shapes', '--fraction', '0.02', '--epochs', '4'];
const run = ['--batch-size', '32', '--lr', '0.05', '--threads', '1', '--steps', '24', '--timing', '1'];
export const smallPlan = ['batch', 'plan', ...training, ...run, '--batch-sizes', '8,16,64'];
export const onDevices = ['--devices', '1,2,4', '--bandwidth', '10', '--latency', '50', '--price', '1.2'];
