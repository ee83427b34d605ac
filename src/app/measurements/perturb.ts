import { z } from 'zod';
import { InputError } from '../../base/errors.ts';
import { type Control, registerMeasurement } from '../../instrument/index.ts';
import { type Of, perturbationKind } from '../../schema/index.ts';
import { costText, formatCount, plural } from '../cost-text.ts';

/** A request with its network, images and defaults; `only`: of its images these, the untrained control being that of all. Throws InputError for one that cannot be. */
async function opened(
  request: Of<typeof perturbationKind.request>,
  { parts, signal, onProgress, onNote }: Control,
  only?: readonly number[],
) {
  const [{ loadSubject, runtimeOf }, stability] = await Promise.all([
    import('../subject.ts'),
    import('../../stability/index.ts'),
  ]);
  const subject = await loadSubject(request, { onProgress, onNote }, { usual: 100 });
  const { attack, norm, steps, stepSize, restarts, randomStart, target, noise, layer, seed, project } = request;
  const { projectionSteps, top, finalRelu } = request;
  const wanted = {
    ...subject,
    images: only ?? subject.images,
    ...{ attack, norm, radii: request.eps ?? stability.defaultRadii(attack, norm), steps, stepSize, restarts },
    ...{ randomStart, target, noise, layer },
    untrained: request.untrained
      ? await stability.untrainedControl({ ...subject, seed, runtime: runtimeOf(request) })
      : undefined,
    ...(project ? { project: { steps: projectionSteps, top, finalRelu } } : {}),
    ...{ seed, runtime: runtimeOf(request), signal, onProgress },
  };
  const other = wanted.images.find((image) => !subject.images.includes(image));
  if (other !== undefined) throw new InputError('images', `image ${other} is none of the request`);
  stability.requirePossible(wanted);
  return {
    ...wanted,
    attacks: parts,
    cache: parts === undefined ? undefined : stability.perturbationCache(parts, wanted),
    untrainedCache: parts === undefined ? undefined : stability.untrainedCache(parts, wanted),
  };
}

/** A piece is a group of the images. */
const pieceForm = z.strictObject({ images: z.array(z.int().min(0)).min(1) });

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
  async prepare(request, control) {
    const stability = await import('../../stability/index.ts');
    const wanted = await opened(request, control);
    const { dataset, images, attack, radii } = wanted;
    const { gradients, seconds, bytes } = stability.perturbationCost(wanted);
    const plan = { images: images.length, attack, radii, gradients, projections: request.project, seconds, bytes };
    return {
      plan,
      run: async () => {
        if (control.handOut)
          await control.handOut(
            (await stability.incompleteGroups(wanted)).map((group) => ({
              piece: { images: group },
              work: group.length,
            })),
          );
        const { result, pixels } = await stability.measurePerturbations(wanted);
        return { result, extra: { pixels, shape: dataset.shape } };
      },
    };
  },
  pieces: {
    form: pieceForm,
    data: ({ dataset }) => ({ dataset, splits: ['test'] }),
    async compute(request, piece, control) {
      const { measurePerturbationPiece } = await import('../../stability/index.ts');
      await measurePerturbationPiece(await opened(request, control, pieceForm.parse(piece).images));
    },
  },
  estimate: ({ attack, images, radii, gradients, projections, ...cost }) =>
    `${attack} on ${plural(images, 'image')} at ${radii.length || 'no'} radi${radii.length === 1 ? 'us' : 'i'}: at most ${formatCount(gradients)} gradients${projections ? ', projections onto every unit and stage' : ''}: ${costText(cost)}`,
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
