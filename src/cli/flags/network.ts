import { type Command, InvalidArgumentError, Option } from 'commander';
import { sizesByName } from './values.ts';

/** What a user's own ONNX file leaves open. */
export interface ForeignOptions {
  readonly bind?: Readonly<Record<string, number>>;
  readonly logits?: string;
  readonly inputRange?: 1 | 255;
}

/** Adds what only an ONNX file needs to be told. */
export function addForeignOptions(command: Command): Command {
  const range = new Option(
    '--input-range <largest>',
    'largest pixel that an ONNX file is made for, 1 or 255 (default: found in its graph)',
  );
  return command
    .option(
      '--bind <sizes>',
      'sizes of open dimensions of an ONNX file, height=224,width=224 (default: those of the images)',
      sizesByName,
    )
    .option('--logits <output>', 'output of an ONNX file with the class scores (default: logits, or the first)')
    .addOption(
      range.argParser((text) => {
        if (text !== '1' && text !== '255') throw new InvalidArgumentError('expected 1 or 255.');
        return Number(text);
      }),
    );
}
