/** What of a folder can be looked at while it changes, and how a study in it is steered: for pages that stay open. A door of its own. */
export { databaseName } from '../../store/index.ts';
export { type AnalysedStudy, analyseStudy, pageOfAnalysis, pageOfCosts } from './analyse-study.ts';
export { saveStudyFile, studyFileText } from './edit-study.ts';
export { FolderBrowser } from './folder-contents.ts';
export { forms, requestOfForm } from './forms.ts';
export { openStudy } from './open-study.ts';
export { ScaledUnits } from './scaled-units.ts';
export { spectraOf } from './spectra-of.ts';
export { cancelTrials, pauseStudy, requeueTrials } from './steer-study.ts';
export { StoredStudy } from './stored-study.ts';
export { mistakesOfStudy } from './study-mistakes.ts';
export type { OpenStudy } from './study-view.ts';
