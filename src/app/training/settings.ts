/** The settings of a training as they describe themselves, for what makes options or a form of them. A door of its own: the help needs nothing else. */
export {
  defaultText,
  factsOf,
  formOf,
  freeSettings,
  gridSettings,
  presets,
  rhythmSettings,
  type SettingTable,
} from '../../train/settings/index.ts';
