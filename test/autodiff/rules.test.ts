import { describe, it } from 'vitest';
import { allCases } from './cases/index.ts';
import { checkDerivatives } from './check.ts';

/**
 * In float64, where differences are good to 1e-8 and the adjoint identity to 1e-10. ONNX Runtime's CPU kernels are single
 * precision only for: Conv, ConvTranspose, AveragePool, GlobalAveragePool, GlobalMaxPool, Resize, InstanceNormalization,
 * PRelu, LeakyRelu, Elu, Selu, Celu, HardSigmoid, HardSwish, Gelu, Erf, Mish, Softplus, Softsign, ThresholdedRelu, Mean, Tan, Asin,
 * Acos, Atan, Sinh and Cosh. Of these the linear ones lose nothing to large steps, and on small integers a convolution is
 * exact; the others are held to 2e-4 by differences and to 1e-5 by the adjoint identity.
 */
describe('every rule agrees with differences, and its transpose with the rule', () => {
  for (const c of allCases) it(`${c.op}: ${c.setting}`, () => checkDerivatives(c));
});
