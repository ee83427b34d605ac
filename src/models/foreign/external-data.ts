import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { BallastError, FileError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { ExternalData } from '../../onnx/index.ts';

/**
 * Weights that a model keeps in other files (`model.onnx.data`): only in the model's own folder or below it, wherever its links lead,
 * so that a model from elsewhere can read nothing else. Throws when a file is not there, or shorter than the model says.
 */
export function externalDataBeside(modelPath: string): ExternalData {
  const folder = realpathSync(dirname(resolve(modelPath)));
  return (location, offset, length) => {
    const name = printable(location);
    if (location === '' || isAbsolute(location) || /(^|[\\/])\.\.([\\/]|$)/.test(location) || location.includes('\0')) {
      throw new BallastError(`its data lie in "${name}"; expected a file in the model's own folder`);
    }
    let path: string;
    try {
      path = realpathSync(resolve(folder, location));
    } catch (cause) {
      throw new BallastError(`its data lie in "${name}", which is not beside the model`, { cause });
    }
    if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
      throw new BallastError(`its data lie in "${name}", a link that leads out of the model's folder`);
    }
    // A pipe would be waited for.
    if (!statSync(path).isFile()) throw new BallastError(`its data lie in "${name}", which is no file`);
    return readPart(path, name, offset, length);
  };
}

function readPart(path: string, name: string, offset: number, length: number | undefined): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const facts = fstatSync(file);
    const wanted = length ?? facts.size - offset;
    if (wanted < 0 || offset + wanted > facts.size) {
      throw new BallastError(
        `its data are bytes ${offset} to ${offset + wanted} of "${name}", which has ${facts.size}; the file may be cut off`,
      );
    }
    const bytes = new Uint8Array(wanted);
    let got = 0;
    while (got < wanted) {
      const read = readSync(file, bytes, got, Math.min(wanted - got, 2 ** 30), offset + got);
      if (read === 0) throw new FileError(path, 'became shorter while it was read');
      got += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
