import { type DemoEvent, demonstrate } from '../../../app/demo.ts';
import {
  batchTable,
  createProgress,
  formatPercent,
  type Progress,
  spectrumTable,
  terminalPlot,
  wantsColor,
} from '../../../report/index.ts';
import { interruptedExitCode } from '../../terminal/failure.ts';
import { commandLine } from '../../terminal/invocation.ts';
import { showing } from '../batch/shown/compute-study.ts';

export async function demo({ out, seed }: { readonly out: string; readonly seed: number }): Promise<void> {
  const shown = shownEvents();
  const done = await showing({}, ({ doing, ...study }) =>
    demonstrate({ out, seed, doing, command: commandLine(), ...study, onEvent: shown.take }),
  ).finally(() => shown.end());
  if (done.status === 'interrupted') {
    const where = done.step === undefined ? '' : ` at step ${done.step}`;
    process.stderr.write(`interrupted${where}; the same command goes on\n`);
    process.exitCode = interruptedExitCode;
    return;
  }
  process.stdout.write(batchTable(done.report, { color: wantsColor(process.stdout) }));
  process.stdout.write(`\nreport: ${done.page}\n`);
  if (done.index !== null) process.stdout.write(`both reports: ${done.index}\n`);
  process.stdout.write(`all of it in the browser, to look at and go on with: ballast serve ${out}\n`);
}

/** What a demonstration tells, as text on standard output and progress on standard error. */
function shownEvents() {
  let progress: Progress | undefined;
  const end = (how: 'done' | 'stopped' = 'stopped') => {
    progress?.finish(how);
    progress = undefined;
  };
  const take = (event: DemoEvent): void => {
    switch (event.kind) {
      case 'training':
        process.stdout.write(
          `Ballast demo: trains a ResNet-20 for ${event.epochs} epochs on the procedural data set "shapes", then linearizes residual units and stages at\n` +
            'two test images.\n',
        );
        progress = createProgress({ stream: process.stderr, total: event.epochs, label: 'training' });
        return;
      case 'step': {
        const { epoch, loss, examplesPerSecond } = event;
        progress?.update(epoch, `loss ${loss.toFixed(3)}, ${Math.round(examplesPerSecond)} images/s`);
        return;
      }
      case 'trained': {
        const { seconds, accuracy, images } = event;
        end('done');
        process.stdout.write(
          `trained in ${Math.round(seconds)} s: test accuracy ${formatPercent(accuracy)} on ${images} images\n`,
        );
        return;
      }
      case 'measuring':
        if (event.estimate !== undefined) process.stderr.write(`${event.estimate}\n`);
        progress = createProgress({ stream: process.stderr, label: 'spectra' });
        return;
      case 'measured part':
        progress?.update(event.fraction, event.detail);
        return;
      case 'measured': {
        end('done');
        const color = wantsColor(process.stdout);
        const { result, page } = event;
        process.stdout.write(
          `${spectrumTable(result, { color })}\n${terminalPlot(result, { color })}\n\nreport: ${page}\n`,
        );
        return;
      }
      case 'study':
        process.stdout.write(
          '\nThe second question, how large a batch is worth training with: a perceptron at five batch sizes, steps until its loss is below a target.\n',
        );
    }
  };
  return { take, end };
}
