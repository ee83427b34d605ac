/** The process in which a worker's trials and pieces of measurements run, started by `work` and by nobody else. */
import { serveTrials } from '../../queue/index.ts';
import { keepLoadedData } from '../subject.ts';
import { computePiece } from './compute-piece.ts';

keepLoadedData();
await serveTrials(computePiece);
