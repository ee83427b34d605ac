import { arch } from 'node:os';
import { describe, expect, it } from 'vitest';
import { blockedLayout, probeBlock } from '../../../src/runtime/blocked/probe.ts';
import { describeRuntime } from '../../../src/runtime/describe.ts';

describe('the probe for blocked layout', () => {
  it('finds at most one block size, and rejects the other by its numbers or by the refusal of the runtime', async () => {
    const layout = await blockedLayout();
    const both = [await probeBlock(8), await probeBlock(16)];
    expect(both.filter((r) => r.supported)).toEqual(layout.supported ? [layout] : []);
    for (const r of both) if (!r.supported) expect(r.reason).toMatch(/blocks of (8|16)/);
  });

  it.runIf(arch() === 'x64')(
    'succeeds on every x64 processor: ONNX Runtime has blocks of 8 with SSE2 already',
    async () => {
      expect(await blockedLayout()).toMatchObject({ supported: true });
    },
  );

  it('asks the machine once', () => {
    expect(blockedLayout()).toBe(blockedLayout());
  });

  it('is what the runtime says about itself', async () => {
    const layout = await blockedLayout();
    const { emission, plainBecause, threads, onnxruntime, devices } = await describeRuntime();
    expect(emission).toBe(layout.supported ? `blocked${layout.block}` : 'plain');
    expect(plainBecause).toBe(layout.supported ? undefined : layout.reason);
    expect(onnxruntime).toMatch(/^1\.\d+\.\d+/);
    expect(threads).toBeGreaterThanOrEqual(1);
    expect(devices).toContain('cpu');
  });

  it.runIf(arch() !== 'x64')('leaves other processors than x64 plain', async () => {
    expect(await blockedLayout()).toMatchObject({ supported: false });
  });
});
