/** Settings of a training: one table, from which flags, checks, schemas and defaults follow. A door of its own: the help needs nothing else. */

export { type Preset, presets } from './presets.ts';
export {
  registerSchedule,
  type ScalingRule,
  type ScheduleDescription,
  type ScheduleShape,
  scaledRate,
  scalingRules,
  schedule,
  scheduleNames,
} from './schedule.ts';
export {
  defaultOf,
  defaultSettings,
  defaultText,
  described,
  durationSchema,
  factsOf,
  formOf,
  freeSettings,
  gridSettings,
  rhythmSettings,
  type SettingContext,
  type SettingFacts,
  type SettingTable,
  settingFacts,
  trainingSettings,
} from './settings.ts';
