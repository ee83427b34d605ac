import { describe, expect, it } from 'vitest';
import { deviceError } from '../../src/runtime/devices.ts';

describe('a device that does not start', () => {
  it('is explained by what went wrong, not by where in ONNX Runtime', () => {
    const cause = new Error(
      '/src/webgpu_context.cc:136 Initialize(const Config&)::<lambda()> result.status == Status::Success was false. Failed to get a WebGPU adapter: No supported adapters.\nmore',
    );
    const { message } = deviceError('webgpu', cause);
    expect(message).toMatch(
      /^device "webgpu" did not start: Failed to get a WebGPU adapter: No supported adapters; it needs a GPU/,
    );
    expect(message).toMatch(/other devices here: cpu/);
    expect(message).not.toContain('\n');
  });

  it('says how CUDA is installed', () => {
    expect(deviceError('cuda', 'no library').message).toMatch(
      /did not start: no library; to install it: .*npm rebuild/,
    );
  });
});
