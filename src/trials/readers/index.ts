/** Logs of other programs, read as they grow: one descriptor a format, and which quantity is under which name. */

export { namedGroups } from './formats/pattern.ts';
export { formatOf, headOf, logFormats, recognize } from './formats.ts';
export { describeContent } from './head.ts';
export { valuesOfObject } from './json-values.ts';
export { comparable, type FoundName, findQuantity, knownNames, type LogQuantity } from './quantities.ts';
export type { LogFormat, LogOptions, LogReader, LogRecord, LogSink, LogValue } from './reader.ts';
export { asNumber } from './values.ts';
