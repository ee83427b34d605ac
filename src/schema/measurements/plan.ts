import { z } from 'zod';

export const measurementPlanRequest = z.record(z.string(), z.unknown());

/** What a measurement is going to do, and what it will cost. */
export const measurementPlanResult = z.object({
  measurement: z.string().describe('which one, by its kind'),
  plan: z.unknown().describe('its parts, in its own words'),
  estimate: z.string().nullable().describe('what it will cost, in words; null where that is not known'),
  details: z.array(z.string()).describe('a line for each part'),
});
