/** A network and a picture of the reader's own, in this page alone: its units, and the top of their spectra at the picture. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { cifarNormalization, imagenetNormalization } from '../../../models/normalization.ts';
import { formatCount, formatNumber } from '../../../report/numbers.ts';
import { download } from '../../parts/download.ts';
import { type OwnModel, readOwnModel } from './own-model.ts';
import { type Picture, readPicture } from './picture.ts';
import { type Top, topOf } from './top-of-map.ts';
import { unitMap, valueAt } from './unit-map.ts';

const shownValues = 5;

/** What is done to pixels from 0 to 1 in front of the network. */
const normalizations = {
  none: { mean: [0], std: [1] },
  imagenet: imagenetNormalization,
  cifar10: cifarNormalization,
  'to 255': { mean: [0], std: [1 / 255] },
} as const;

function normalized(
  { pixels }: Picture,
  [channels]: OwnModel['input'],
  name: keyof typeof normalizations,
): Float32Array {
  const { mean, std } = normalizations[name];
  const plane = pixels.length / channels;
  return pixels.map((value, i) => {
    const c = Math.floor(i / plane);
    return (value - (mean[c] ?? mean[0]!)) / (std[c] ?? std[0]!);
  });
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

interface DropProps {
  readonly label: string;
  readonly accept: string;
  readonly onFile: (file: File) => void;
  readonly shown: string;
}

/** A file, dropped or chosen. */
function Drop({ label, accept, onFile, shown }: DropProps) {
  const [over, setOver] = useState(false);
  return (
    <label
      class={`drop${over ? ' over' : ''}`}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        const file = e.dataTransfer?.files[0];
        if (file) onFile(file);
      }}
    >
      <b>{label}</b>
      <span>{shown}</span>
      <input
        type="file"
        accept={accept}
        onChange={(e) => {
          const file = e.currentTarget.files?.[0];
          if (file) onFile(file);
        }}
      />
    </label>
  );
}

type Tops = Readonly<Record<string, Top | string>>;

function csvOf(tops: Tops): string {
  const rows = Object.entries(tops).flatMap(([unit, top]) =>
    typeof top === 'string' ? [] : top.values.map((value, i) => `${unit},${i + 1},${value}`),
  );
  return `unit,index,singular value\n${rows.join('\n')}\n`;
}

export function OwnModelView() {
  const [model, setModel] = useState<OwnModel>();
  const [file, setFile] = useState<File>();
  const [picture, setPicture] = useState<Picture>();
  const [normalization, setNormalization] = useState<keyof typeof normalizations>('none');
  const [problem, setProblem] = useState('');
  const [tops, setTops] = useState<Tops>({});
  const [at, setAt] = useState<string>();
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const trying = (work: () => Promise<void>) => {
    setProblem('');
    work().catch((error: unknown) => setProblem(reason(error)));
  };
  const takeModel = (given: File) =>
    trying(async () => {
      stop.current?.abort();
      setTops({});
      const read = readOwnModel(given.name, new Uint8Array(await given.arrayBuffer()));
      setModel(read);
      if (file) setPicture(await readPicture(file, read.input));
    });
  const takePicture = (given: File) =>
    trying(async () => {
      stop.current?.abort();
      setTops({});
      setFile(given);
      if (model) setPicture(await readPicture(given, model.input));
    });

  const compute = (of: OwnModel, shown: Picture) =>
    trying(async () => {
      const mine = new AbortController();
      stop.current?.abort();
      stop.current = mine;
      setTops({});
      const [channels, height, width] = of.input;
      const image = { shape: [1, channels, height, width], data: normalized(shown, of.input, normalization) };
      for (const unit of of.units) {
        if (mine.signal.aborted) break;
        setAt(unit.name);
        try {
          const map = await unitMap(of.graph, unit, await valueAt(of.graph, unit.input, image));
          try {
            await topOf(map, shownValues, mine.signal, (top) => setTops((before) => ({ ...before, [unit.name]: top })));
          } finally {
            await map.dispose();
          }
        } catch (error) {
          if (!mine.signal.aborted) setTops((before) => ({ ...before, [unit.name]: reason(error) }));
        }
      }
      if (stop.current === mine) setAt(undefined);
    });

  return (
    <>
      <h1>Your own model</h1>
      <p>
        An ONNX file and a picture, looked at in this page alone: nothing of either is sent anywhere. It shows the
        network’s residual units and the largest singular values of each at the picture; <code>ballast spectrum</code>{' '}
        finds whole spectra, with bounds.
      </p>
      <div class="drops">
        <Drop
          label="Network, .onnx"
          accept=".onnx"
          onFile={takeModel}
          shown={
            model
              ? `${model.name}: ${model.input.join(' × ')}, ${model.units.length} residual units`
              : 'drop it here, or choose it'
          }
        />
        <Drop
          label="Picture"
          accept="image/*"
          onFile={takePicture}
          shown={file?.name ?? 'drop it here, or choose it'}
        />
      </div>
      {problem !== '' && (
        <p class="state problem" role="alert">
          {problem}
        </p>
      )}
      {model?.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {model && model.units.length === 0 && <p class="state">There are no residual units in this network.</p>}
      {model && model.units.length > 0 && (
        <>
          <div class="tools">
            {picture && <img class="own-picture" src={picture.url} alt="as the network sees it" />}
            <label>
              Normalization{' '}
              <select
                value={normalization}
                onChange={(e) => setNormalization(e.currentTarget.value as keyof typeof normalizations)}
              >
                {Object.keys(normalizations).map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <button
              type="button"
              class="main"
              disabled={!picture || at !== undefined}
              onClick={() => picture && compute(model, picture)}
            >
              Spectra
            </button>
            {at !== undefined && (
              <button type="button" onClick={() => stop.current?.abort()}>
                Stop
              </button>
            )}
            {Object.keys(tops).length > 0 && (
              <button type="button" onClick={() => download('own-model.csv', csvOf(tops), 'text/csv')}>
                CSV
              </button>
            )}
            <span role="status">{at !== undefined ? `at ${at} …` : picture ? '' : 'It needs a picture.'}</span>
          </div>
          <div class="table words">
            <table>
              <thead>
                <tr>
                  <th>unit</th>
                  <th>maps</th>
                  <th>shortcut</th>
                  <th>largest singular values</th>
                </tr>
              </thead>
              <tbody>
                {model.units.map((unit) => {
                  const top = tops[unit.name];
                  return (
                    <tr key={unit.name}>
                      <td>{unit.name}</td>
                      <td>
                        {unit.input.shape.slice(1).join(' × ')} to {unit.sum.shape.slice(1).join(' × ')}
                      </td>
                      <td>{unit.shortcut === unit.input ? 'identity' : 'projection'}</td>
                      <td>
                        {top === undefined
                          ? '–'
                          : typeof top === 'string'
                            ? top
                            : `${top.values.map((v) => formatNumber(v, 4)).join(', ')} (to ${formatNumber(top.change, 1)})`}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
          <p class="note">
            {formatCount(model.units.length)} units. By subspace iteration: values stand when a round changes them by
            less than 10⁻⁴ of the largest. Maps end at the addition.
          </p>
        </>
      )}
    </>
  );
}
