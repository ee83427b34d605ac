/** Use cases without a terminal. */
export {
  type CommandDraft,
  draftCommand,
  nameFor,
  requireFreePath,
  type StudyDraft,
  studyText,
  writeLogMapping,
  writeStudyFile,
} from './init-study.ts';
export { type OutputFolder, type OutputRequest, openOutput, requireFree } from './output-folder.ts';
