import { registerMeasurement } from '../../instrument/index.ts';
import { perturbationKind } from '../../schema/index.ts';
import { formatCount, plural } from '../cost-text.ts';

export const perturb = registerMeasurement({
  kind: perturbationKind,
  label: 'perturbations',
  parts: 'projections',
  rows: ['layers'],
  examples: [
    { what: 'PGD within 2/255 on a hundred test images', request: { model: 'resnet20', data: 'cifar10' } },
    {
      what: 'the smallest perturbations, and their energies on singular vectors',
      request: { model: 'resnet20', data: 'cifar10', attack: 'deepfool', norm: 'l2', images: '0-19', project: true },
    },
  ],
  async prepare(request, { parts, signal, onProgress, onNote }) {
    const [{ loadSubject, runtimeOf }, stability] = await Promise.all([
      import('../subject.ts'),
      import('../../stability/index.ts'),
    ]);
    const subject = await loadSubject(request, { onProgress, onNote }, { usual: 100 });
    const { attack, norm, steps, stepSize, restarts, randomStart, target, noise, layer, seed, project } = request;
    const { projectionSteps, top, finalRelu } = request;
    const wanted = {
      ...subject,
      ...{ attack, norm, radii: request.eps ?? stability.defaultRadii(attack, norm), steps, stepSize, restarts },
      ...{ randomStart, target, noise, layer },
      untrained: request.untrained
        ? await stability.untrainedControl({ ...subject, seed, runtime: runtimeOf(request) })
        : undefined,
      ...(project ? { project: { steps: projectionSteps, top, finalRelu } } : {}),
      ...{ seed, runtime: runtimeOf(request), signal, onProgress },
    };
    stability.requirePossible(wanted);
    const cache = parts === undefined ? undefined : stability.perturbationCache(parts, wanted);
    const plan = {
      images: subject.images.length,
      attack,
      radii: wanted.radii,
      gradients: stability.gradientsOf(wanted),
      projections: project,
    };
    return {
      plan,
      run: async () => {
        const { result, pixels } = await stability.measurePerturbations({ ...wanted, cache });
        return { result, extra: { pixels, shape: subject.dataset.shape } };
      },
    };
  },
  estimate: ({ attack, images, radii, gradients, projections }) =>
    `${attack} on ${plural(images, 'image')} at ${radii.length || 'no'} radi${radii.length === 1 ? 'us' : 'i'}: at most ${formatCount(gradients)} gradients${projections ? ', projections onto every unit and stage' : ''}`,
  details: () => [],
  async table(result) {
    const { perturbationTable } = await import('../../report/index.ts');
    return perturbationTable(result);
  },
  async page(result, { command, extra }) {
    const { renderPerturbationReport } = await import('../../report/pages.ts');
    return renderPerturbationReport(result, { ...(extra ?? withoutPictures), ...(command && { command }) });
  },
});

/** A stored result has no pixels: they may be data that must not be passed on. */
const withoutPictures = { pixels: [], shape: [3, 1, 1] } as const;
