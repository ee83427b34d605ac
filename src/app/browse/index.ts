/** What of a folder can be looked at while it changes, and how a study in it is steered: for pages that stay open. A door of its own, which loads little. */
export { databaseName } from '../../store/index.ts';
export { saveStudyFile, studyFileText } from './edit-study.ts';
export { FolderBrowser } from './folder-contents.ts';
export { openStudy } from './open-study.ts';
export { cancelTrials, pauseStudy, requeueTrials } from './steer-study.ts';
export { StoredStudy } from './stored-study.ts';
export type { OpenStudy } from './study-view.ts';
export { Workers } from './workers.ts';
