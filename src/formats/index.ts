/** Files of other programs: PyTorch checkpoints, safetensors, NumPy arrays, MATLAB and idx files, zip and tar archives; and writing a file whole or not at all. */
export { makeFolder, writeError, writeFileAtomic } from './atomic.ts';
export { CsvRows, cellsOfRow, columnNames, delimiterName } from './csv.ts';
export { FolderOwned, type FolderOwner, type OwnOptions, ownFolder, owningFolder } from './folder-owner.ts';
export { unpackGzip, unpackZlib } from './gzip.ts';
export { decodeIdx } from './idx.ts';
export { jsonCache, type ResultCache } from './json-cache.ts';
export { decodeMat } from './mat.ts';
export { decodeNpy, encodeNpy, readNpy, readNpz, writeNpy, writeNpz } from './npy.ts';
export { decodePickledDict, PickledBytes } from './numpy-pickle.ts';
export { nameProblem, pathBelow, pathNameSchema } from './path-name.ts';
export { quote } from './quote.ts';
export { readBytes, readFailure } from './read-bytes.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type Safetensors,
  writeSafetensors,
} from './safetensors.ts';
export { openSealedJson, readSealedJson, sealedPieces, sealJson, writeSealedJson } from './sealed-json.ts';
export { readTarFiles, readTarMembers } from './tar.ts';
export type { NamedTensors } from './tensor.ts';
export {
  decodeTorchCheckpoint,
  type Extra,
  readTorchCheckpoint,
  type TorchCheckpoint,
  type WeightsOptions,
} from './torch.ts';
export { decodeWeights, expectedWeights, readWeights, type Weights } from './weights.ts';
export { ZipArchive } from './zip.ts';
export { type ZipContent, zipStored } from './zip-write.ts';
