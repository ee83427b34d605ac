import { UsageError } from '../../base/errors.ts';
import { type Link, ringAllReduceSeconds } from './all-reduce.ts';
import { derived, type Marked, modelled } from './provenance.ts';
import { type StepTimeCurve, type StepTimeFit, secondsPerStep } from './step-time.ts';

/** Several devices that each take an equal share of the batch and then sum their gradients. */
export interface Cluster {
  /** Of the gradient that is summed: 4 a parameter in float32. */
  readonly gradientBytes: number;
  /** Needed for more than one device. */
  readonly link?: Link;
}

/**
 * Seconds of a step on `devices` devices: that of the largest share of the batch, ceil(B / D), and a ring all-reduce. One device
 * may be measured; more are always modelled. Throws UsageError for more devices than examples, or for several without a link.
 */
export function clusterStepSeconds(
  curve: StepTimeCurve,
  { gradientBytes, link }: Cluster,
  { batchSize, devices }: { readonly batchSize: number; readonly devices: number },
): Marked {
  if (devices > batchSize) throw new UsageError(`a batch of ${batchSize} cannot be shared by ${devices} devices`);
  const share = secondsPerStep(curve, Math.ceil(batchSize / devices));
  if (devices === 1) return share;
  if (!link) throw new UsageError(`${devices} devices need a bandwidth and a latency between them`);
  return derived(
    (compute, reduce) => compute + reduce,
    share,
    modelled(ringAllReduceSeconds(devices, gradientBytes, link)),
  );
}

/**
 * The number of devices with the shortest step, 1 to `most`, under t(B) = t0 + B t1. With D devices a step takes
 * t0 + B t1 / D + 2 (1 - 1/D) bytes/bandwidth + 2 (D - 1) latency, which has its minimum at
 * D² = (B t1 - 2 bytes/bandwidth) / (2 latency); the better neighbour of it is taken.
 */
export function optimalDevices(
  { perExample }: StepTimeFit,
  gradientBytes: number,
  link: Link,
  { batchSize, most = batchSize }: { readonly batchSize: number; readonly most?: number },
): number {
  const shared = batchSize * perExample;
  const gain = shared - (2 * gradientBytes) / link.bandwidth;
  const limit = Math.max(1, Math.min(most, batchSize));
  if (gain <= 0) return 1;
  const best = link.latency > 0 ? Math.sqrt(gain / (2 * link.latency)) : Number.POSITIVE_INFINITY;
  const low = Math.min(limit, Math.max(1, Math.floor(best)));
  const high = Math.min(limit, low + 1);
  const seconds = (d: number) => shared / d + ringAllReduceSeconds(d, gradientBytes, link);
  return seconds(high) < seconds(low) ? high : low;
}
