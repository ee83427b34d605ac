/** What of a folder takes all of Ballast to look at: a door of its own, as it takes a second to load. */
export { csvText, pageOf, storedResults, tableOf } from '../stored-results.ts';
export { type AnalysedStudy, analyseStudy, pageOfAnalysis, pageOfCosts } from './analyse-study.ts';
export { forms, requestOfForm } from './forms.ts';
export { ScaledUnits } from './scaled-units.ts';
export { spectraOf } from './spectra-of.ts';
export { mistakesOfStudy } from './study-mistakes.ts';
