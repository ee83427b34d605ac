import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Link, ringAllReduceSeconds } from '../../../src/study/cost/all-reduce.ts';
import { clusterStepSeconds, optimalDevices } from '../../../src/study/cost/cluster.ts';
import { pointOf, stepTimeCurve } from '../../../src/study/cost/step-time.ts';

const link: Link = { bandwidth: 1e9, latency: 1e-4, source: 'given' };

/** A ring simulated round by round: in each, every device sends one of D chunks to its neighbour, first to sum, then to spread. */
function simulatedRing(devices: number, bytes: number, { bandwidth, latency }: Link): number {
  const sums = Array.from({ length: devices }, (_, d) => Array.from({ length: devices }, () => new Set([d])));
  let seconds = 0;
  for (let round = 0; round < 2 * (devices - 1); round++) {
    const summing = round < devices - 1;
    const sent = sums.map((chunks, d) => {
      const chunk = (d - round + 2 * devices) % devices;
      return { chunk, value: new Set(chunks[chunk]) };
    });
    sent.forEach(({ chunk, value }, d) => {
      const next = sums[(d + 1) % devices]!;
      next[chunk] = summing ? new Set([...next[chunk]!, ...value]) : value;
    });
    seconds += latency + bytes / devices / bandwidth;
  }
  for (const chunks of sums) for (const chunk of chunks) expect(chunk.size).toBe(devices);
  return seconds;
}

describe('the ring all-reduce', () => {
  it('takes as long as its rounds, after which every device has every sum', () => {
    for (const devices of [1, 2, 3, 4, 7, 8]) {
      expect(ringAllReduceSeconds(devices, 3e8, link)).toBeCloseTo(simulatedRing(devices, 3e8, link), 12);
    }
  });

  it('refuses what is no cluster', () => {
    expect(() => ringAllReduceSeconds(0, 1, link)).toThrow(/devices of at least 1/);
    expect(() => ringAllReduceSeconds(2, 1, { ...link, bandwidth: 0 })).toThrow(/positive bandwidth/);
  });
});

describe('a cluster', () => {
  const curve = stepTimeCurve([
    pointOf({ batchSize: 64, microBatch: 64 }, [0.07]),
    pointOf({ batchSize: 128, microBatch: 128 }, [0.13]),
  ]);
  const cluster = { gradientBytes: 4e6, link };

  it('is measured where one device does it all at a measured size, else modelled', () => {
    expect(clusterStepSeconds(curve, cluster, { batchSize: 128, devices: 1 })).toEqual({
      value: 0.13,
      provenance: 'measured',
    });
    const two = clusterStepSeconds(curve, cluster, { batchSize: 128, devices: 2 });
    expect(two.provenance).toBe('modelled');
    expect(two.value).toBeCloseTo(0.07 + ringAllReduceSeconds(2, 4e6, link), 12);
    expect(clusterStepSeconds(curve, cluster, { batchSize: 96, devices: 1 }).provenance).toBe('modelled');
  });

  it('waits for the device with the largest share', () => {
    const odd = clusterStepSeconds(curve, cluster, { batchSize: 127, devices: 2 });
    expect(odd.value).toBeCloseTo(0.07 + ringAllReduceSeconds(2, 4e6, link), 12);
  });

  it('refuses idle devices and devices that nothing joins', () => {
    expect(() => clusterStepSeconds(curve, cluster, { batchSize: 2, devices: 4 })).toThrow(/cannot be shared/);
    expect(() => clusterStepSeconds(curve, { gradientBytes: 1 }, { batchSize: 4, devices: 2 })).toThrow(/bandwidth/);
  });

  it('has the best number of devices that trying all of them finds', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e-1, noNaN: true }),
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 1e3, max: 1e9, noNaN: true }),
        fc.double({ min: 1e8, max: 1e11, noNaN: true }),
        fc.oneof(fc.constant(0), fc.double({ min: 1e-7, max: 1e-1, noNaN: true })),
        (perExample, batchSize, gradientBytes, bandwidth, latency) => {
          const joined: Link = { bandwidth, latency, source: 'given' };
          const fit = { overhead: 0.01, perExample, residual: 0, worst: 0 };
          const seconds = (d: number) =>
            fit.overhead + (batchSize * perExample) / d + ringAllReduceSeconds(d, gradientBytes, joined);
          const all = Array.from({ length: batchSize }, (_, i) => seconds(i + 1));
          const found = optimalDevices(fit, gradientBytes, joined, { batchSize });
          expect(found).toBeLessThanOrEqual(batchSize);
          expect(seconds(found)).toBeCloseTo(Math.min(...all), 12);
        },
      ),
    );
  });
});
