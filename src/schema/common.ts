import { z } from 'zod';
import type { Of } from './readonly.ts';

/** Of values over images, or null where there is none. */
export const distribution = z.object({
  count: z.int().describe('how many values there are; those that are not finite do not count'),
  mean: z.number().describe('their mean'),
  median: z.number().describe('their median'),
  quantiles: z
    .object({
      q05: z.number().describe('5 %'),
      q25: z.number().describe('25 %'),
      q75: z.number().describe('75 %'),
      q95: z.number().describe('95 %'),
    })
    .describe('interpolated linearly between the sorted values'),
});

export const interval = z.object({
  value: z.number().describe('the estimate'),
  low: z.number().describe('lower end of its interval'),
  high: z.number().describe('upper end'),
});

/** Where and when something was measured. */
export const environment = z.object({
  ballast: z.string().describe('version of Ballast'),
  node: z.string().describe('version of Node'),
  device: z.string().describe('cpu, webgpu or cuda'),
  threads: z.int().min(1).describe('threads on the CPU'),
  cpu: z.string().describe('model of the processor'),
  date: z.string().describe('when, ISO 8601'),
});
export type Environment = Of<typeof environment>;

/** An image and what the network makes of it. */
export const seenImage = z.object({
  index: z.int().min(0).describe('position in the data set'),
  label: z.int().describe('its class'),
  predicted: z.int().describe('the class that the network answers'),
});

/** What every result says about what was measured. */
export const subject = {
  model: z.string().describe('name of the network'),
  weights: z.string().describe('where its weights come from'),
  normalization: z
    .string()
    .optional()
    .describe('what is done to pixels from 0 to 1 in front of the network, in words; absent for texts'),
  notes: z
    .array(z.string())
    .optional()
    .describe('what was done to the files of the network and of the data to read them, a sentence each'),
};

export const pictured = {
  ...subject,
  dataset: z.string().describe('name of the data set'),
  classes: z.array(z.string()).describe('names of its classes, by label'),
};

export const measuredIn = {
  environment: environment.describe('where and when it was measured'),
  seconds: z.number().min(0).describe('how long it took'),
};
export type SeenImage = Of<typeof seenImage>;
export type Distribution = Of<typeof distribution>;
export type Interval = Of<typeof interval>;
