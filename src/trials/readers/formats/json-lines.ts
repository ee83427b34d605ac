import { FileError } from '../../../base/errors.ts';
import { quote } from '../../../formats/index.ts';
import { FileReader } from '../file-reader.ts';
import { headLines } from '../head.ts';
import { parseJson, valuesOf } from '../json-values.ts';
import type { LogFormat, LogSink } from '../reader.ts';
import { TextLines } from '../text-lines.ts';

/** JSON lines: an object a line, nested ones flattened (`eval.loss`), NaN and Infinity as Python writes them. */
export const jsonLines: LogFormat = {
  name: 'json-lines',
  title: 'JSON lines',
  unit: 'line',
  recognizes(head, path) {
    const [first] = headLines(head);
    if (first === undefined || !first.trimStart().startsWith('{')) return false;
    if (/\.(jsonl|ndjson)$/i.test(path)) return true;
    return parseJson(first) !== undefined;
  },
  open: (path) => new JsonLinesReader(path),
};

class JsonLinesReader extends FileReader<TextLines> {
  constructor(path: string) {
    super(path, new TextLines(path));
  }

  async read(sink: LogSink, options: { readonly ended?: boolean } = {}): Promise<void> {
    await this.file.read((line, whole) => {
      if (line.trim() === '') return;
      const row = this.file.count;
      const parsed = parseJson(line);
      if (parsed !== undefined && (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)))
        throw new FileError(this.path, `line ${row} is ${quote(line.trim())}; expected a JSON object`);
      if (parsed !== undefined) sink.record({ row, values: valuesOf(parsed, this.counts) });
      else if (!whole) this.notes.add(`line ${row}, the last one, is cut off and does not count`);
      else throw new FileError(this.path, `line ${row} is no JSON: ${quote(line.trim())}`);
    }, options);
  }
}
