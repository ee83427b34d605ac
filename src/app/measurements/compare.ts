import { z } from 'zod';
import { InputError } from '../../base/errors.ts';
import { type Control, registerMeasurement } from '../../instrument/index.ts';
import { comparisonKind, type Of } from '../../schema/index.ts';
import { costText, formatCount, plural } from '../cost-text.ts';

type Request = Of<typeof comparisonKind.request>;

/** The networks of a request, loaded, and how they are compared. Throws InputError for data without labels. */
async function opened(asked: Request, { parts, signal, onProgress, onNote }: Control) {
  const [{ loadFitted, loadImages, positionsIn, runtimeOf, withClassesOf }, { comparedFiles, withDataOfRun }] =
    await Promise.all([import('../subject.ts'), import('../compared-networks.ts')]);
  const request = await withDataOfRun(asked);
  const files = await comparedFiles(request);
  const loaded = await loadImages(request, 'test', { onProgress, onNote });
  if (loaded.labels.length !== loaded.count)
    throw new InputError(
      'dataset',
      `${loaded.name} has no labels here; accuracies are compared, so expected images with their classes`,
    );
  const members = [];
  for (const { name, step, trained, ...file } of files) {
    const network = await loadFitted({ ...request, ...file }, loaded, { onNote });
    members.push({ name, step, trained, network, dataset: withClassesOf(network, loaded, request) });
  }
  const { attack, norm, eps, steps, units, spectrumImages, method, top, seed } = request;
  const settings = {
    ...{ attack, norm, radii: eps, steps, units, spectrumImages, method, top, seed },
    images: positionsIn(request.images, loaded.count),
    ...{ runtime: runtimeOf(request), signal, onProgress, parts },
  };
  return { request, files, members, settings };
}

export const compare = registerMeasurement({
  kind: comparisonKind,
  label: 'comparison',
  parts: 'networks',
  rows: ['networks', 'curve'],
  examples: [
    {
      what: 'a baseline and a network that was trained against attacks, at a hundred test images',
      request: { model: 'resnet20', weights: 'plain.pth,robust.pth', data: 'cifar10' },
    },
    {
      what: 'a run that kept checkpoints, through its training',
      request: { checkpoints: 'out/run', dataset: 'shapes', images: '0-49', units: 'ends', method: 'lanczos' },
    },
  ],
  async prepare(asked, control) {
    const { Comparison } = await import('../../stability/index.ts');
    const { request, files, members, settings } = await opened(asked, control);
    const comparison = await Comparison.prepare({ ...settings, members });
    return {
      plan: comparison.plan,
      run: async () => {
        if (control.handOut) {
          const incomplete = await comparison.incomplete();
          const { data = null, classNames = null } = request;
          const pieces = files.filter((_, i) => incomplete.includes(members[i]!));
          await control.handOut(
            pieces.map(({ model, weights = null }) => ({
              piece: {},
              request: { model, weights, checkpoints: null, names: null, data, classNames },
              work: 1,
            })),
          );
        }
        return { result: await comparison.run() };
      },
    };
  },
  pieces: {
    form: z.strictObject({}),
    async data(request) {
      const { withDataOfRun } = await import('../compared-networks.ts');
      const { dataset, data } = await withDataOfRun(request);
      return { dataset, splits: ['test'], dir: data };
    },
    async compute(request, _, control) {
      const { Comparison } = await import('../../stability/index.ts');
      const { members, settings } = await opened(request, control);
      if (members.length !== 1) throw new InputError('weights', `expected one network, got ${members.length}`);
      await Comparison.measureMember({ ...settings, member: members[0]! });
    },
  },
  estimate: (plan) =>
    `${plural(plan.networks.length, 'network')} at ${plural(plan.images, 'image')} and ${plan.radii === 1 ? 'one radius' : `${plan.radii} radii`}: ${plan.networks.some((n) => n.spectra > 0) ? `spectra ${costText(plan)}, ` : ''}attacks at most ${formatCount(plan.networks.reduce((n, m) => n + m.gradients, 0))} gradients`,
  details: ({ networks }) =>
    networks.map(
      (n) => `${n.name}: at most ${formatCount(n.gradients)} gradients, ${plural(n.spectra, 'spectrum', 'spectra')}`,
    ),
  async table(result, options) {
    const { comparisonTable } = await import('../../report/index.ts');
    return comparisonTable(result, options);
  },
  async page(result, options) {
    const { renderComparisonReport } = await import('../../report/pages.ts');
    return renderComparisonReport(result, { command: options.command ?? '' });
  },
});
