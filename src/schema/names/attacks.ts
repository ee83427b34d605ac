import { openNames } from './open-names.ts';

/** The attacks there are; `registerAttack` adds to them. */
export const attacks = openNames('attack', {
  fgsm: 'one step along the sign of the gradient, of the length of the radius',
  pgd: 'projected gradient steps within the radius',
  apgd: 'the same with momentum and a step that halves itself',
  deepfool: 'looks for the smallest perturbation by linearizing the classifier',
  cw: 'Carlini-Wagner (l2): looks for the smallest perturbation by descent on the margin',
});
