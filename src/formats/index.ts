/** Files of other programs: PyTorch checkpoints, safetensors, NumPy arrays, MATLAB and idx files, zip and tar archives; and writing a file whole or not at all. */

export { unpackGzip, unpackZlib } from './archives/gzip.ts';
export { readTarFiles, readTarMembers } from './archives/tar.ts';
export { ZipArchive } from './archives/zip.ts';
export { type ZipContent, zipStored } from './archives/zip-write.ts';
export { CsvRows, cellsOfRow, columnNames, delimiterName } from './csv.ts';
export { makeFolder, writeError, writeFileAtomic } from './files/atomic.ts';
export { FolderOwned, type FolderOwner, type OwnOptions, ownFolder, owningFolder } from './files/folder-owner.ts';
export { jsonCache, type ResultCache } from './files/json-cache.ts';
export { nameProblem, pathBelow, pathNameSchema } from './files/path-name.ts';
export { readBytes, readFailure } from './files/read-bytes.ts';
export { openSealedJson, readSealedJson, sealedPieces, sealJson, writeSealedJson } from './files/sealed-json.ts';
export { decodeIdx } from './idx.ts';
export { decodeMat } from './mat.ts';
export { decodeNpy, encodeNpy, readNpy, readNpz, writeNpy, writeNpz } from './npy.ts';
export { quote } from './quote.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type Safetensors,
  writeSafetensors,
} from './safetensors.ts';
export type { NamedTensors } from './tensor.ts';
export { decodePickledDict, PickledBytes } from './torch/numpy-pickle.ts';
export {
  decodeTorchCheckpoint,
  type Extra,
  readTorchCheckpoint,
  type TorchCheckpoint,
  type WeightsOptions,
} from './torch/torch.ts';
export { decodeWeights, expectedWeights, readWeights, type Weights } from './weights.ts';
