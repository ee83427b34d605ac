/** What a measurement is. Finished parts (`part-cache.ts`) are an entry of their own: they need data, networks and what runs them. */
export {
  allMeasurements,
  type Control,
  type Example,
  type Measured,
  type Measurement,
  measurementNamed,
  type NeededFiles,
  type OfferedPiece,
  type PageOptions,
  type Pieces,
  type Prepared,
  type ReadData,
  registerMeasurement,
} from './measurement.ts';
