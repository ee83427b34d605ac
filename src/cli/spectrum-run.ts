import { join } from 'node:path';
import { makeFolder, writeFileAtomic, writeNpz } from '../formats/index.ts';
import { tensor } from '../onnx/index.ts';
import {
  createProgress,
  formatBytes,
  formatDuration,
  pngDataUrl,
  spectrumTable,
  terminalPlot,
  wantsColor,
} from '../report/index.ts';
import { folderCache, SpectrumMeasurement, type SpectrumRequest, type SpectrumResult } from '../stability/index.ts';

export interface OutputOptions {
  readonly out: string | undefined;
  readonly json: boolean;
  readonly dryRun: boolean;
}

/** Measures with an estimate first and progress on standard error, then prints and writes the results. */
export async function measureAndReport(
  wanted: Omit<SpectrumRequest, 'signal' | 'onProgress' | 'cache'>,
  { out, json, dryRun }: OutputOptions,
): Promise<SpectrumResult | undefined> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const progress = createProgress({ stream: process.stderr, label: 'spectra', quiet: json && !process.stderr.isTTY });
  try {
    const base: SpectrumRequest = {
      ...wanted,
      signal: stop.signal,
      onProgress: (fraction, detail) => progress.update(fraction, detail),
    };
    const request = out === undefined ? base : { ...base, cache: folderCache(join(out, 'spectra'), base) };
    const measurement = await SpectrumMeasurement.prepare(request);
    // Before the long part, so that a folder that cannot be written costs nothing.
    if (out !== undefined && !dryRun) await makeFolder(join(out, 'spectra'));
    const { plan } = measurement;
    const estimate = `${plan.blocks.length} spectra at ${wanted.images.length} image${wanted.images.length === 1 ? '' : 's'}: about ${formatDuration(plan.seconds)}, up to ${formatBytes(plan.bytes)} of memory`;
    if (dryRun) {
      if (json) process.stdout.write(`${JSON.stringify(plan)}\n`);
      else
        process.stdout.write(
          `${plan.blocks.map((b) => `${b.name} at image ${b.image}: ${b.method}, ${formatDuration(b.seconds)}\n`).join('')}${estimate}\n`,
        );
      return undefined;
    }
    if (!json || process.stderr.isTTY) process.stderr.write(`${estimate}\n`);
    const result = await measurement.run();
    progress.finish();
    if (out !== undefined) await writeResults(out, result, wanted);
    if (json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return result;
    }
    for (const { name, because } of result.unmeasured ?? [])
      process.stderr.write(`not measured: ${name}: ${because}\n`);
    const color = wantsColor(process.stdout);
    process.stdout.write(`${spectrumTable(result, { color })}\n${terminalPlot(result, { color })}\n`);
    if (out !== undefined) process.stdout.write(`\nreport: ${join(out, 'report.html')}\n`);
    return result;
  } finally {
    process.off('SIGINT', interrupt);
    progress.finish('stopped');
  }
}

async function writeResults(
  out: string,
  result: SpectrumResult,
  { dataset }: Pick<SpectrumRequest, 'dataset'>,
): Promise<void> {
  const [channels, height, width] = dataset.shape;
  const size = channels * height * width;
  const images = result.images.map(({ index }) => {
    const own = dataset.pixels.subarray(index * size, (index + 1) * size);
    // A grey picture is the same in all three colours.
    const bytes = channels === 1 ? Uint8Array.from({ length: 3 * size }, (_, i) => own[i % size]!) : own;
    return { index, pngDataUrl: pngDataUrl({ width, height, bytes }, 3) };
  });
  const values = new Map(
    result.images.flatMap((image) =>
      [...image.units, ...image.stages].map(
        (b) =>
          [
            `${b.name}@${image.index}`,
            tensor('float64', [b.singularValues.length], Float64Array.from(b.singularValues)),
          ] as const,
      ),
    ),
  );
  await writeFileAtomic(join(out, 'result.json'), JSON.stringify(result));
  await writeNpz(join(out, 'singular-values.npz'), values);
  const command = `ballast ${process.argv.slice(2).join(' ')}`;
  const { renderSpectrumReport } = await import('../report/pages.ts');
  await writeFileAtomic(join(out, 'report.html'), renderSpectrumReport(result, { images, command }));
}
