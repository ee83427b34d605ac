/** The two sides of a residual unit on sliders, and what becomes of the top of its spectrum. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatDuration, formatNumber } from '../../report/numbers.ts';
import { useQuery } from '../api/use-query.ts';
import { CurveFigure } from '../parts/curve-figure.tsx';
import { set, useRoute } from '../parts/route.ts';
import { Problem, Waiting } from '../parts/states.tsx';

/** Which unit of which network: what the address says, and what stands there without. */
const places = [
  { key: 'model', title: 'Network', usual: 'resnet8' },
  { key: 'weights', title: 'Weights', usual: '' },
  { key: 'dataset', title: 'Data set', usual: 'shapes' },
  { key: 'data', title: 'Where it lies', usual: '' },
  { key: 'image', title: 'Image', usual: '0' },
  { key: 'unit', title: 'Unit', usual: 'layer3.0' },
] as const;

/** Milliseconds that a slider rests before its value counts. */
const rest = 120;

interface ScaleProps {
  readonly name: string;
  readonly value: number;
  readonly onInput: (value: number) => void;
}

const Scale = ({ name, value, onInput }: ScaleProps) => (
  <label>
    {name}{' '}
    <input
      type="range"
      min="0"
      max="3"
      step="0.05"
      value={value}
      onInput={(e) => onInput(Number(e.currentTarget.value))}
    />{' '}
    <output>{value}</output>
  </label>
);

function Top({
  unit,
  image,
  subject,
}: {
  readonly unit: string;
  readonly image: number;
  readonly subject: Readonly<Record<string, string>>;
}) {
  const { query } = useRoute();
  const given = { skipScale: Number(query.get('skip') ?? 1), weightScale: Number(query.get('branch') ?? 1) };
  const [scales, setScales] = useState(given);
  useEffect(() => {
    const { skipScale: skip, weightScale: branch } = scales;
    const timer = setTimeout(
      () => set({ skip: skip === 1 ? undefined : skip, branch: branch === 1 ? undefined : branch }),
      rest,
    );
    return () => clearTimeout(timer);
  }, [scales]);
  const of = { subject, image, unit };
  const unchanged = useQuery('scaled', of);
  const scaled = useQuery('scaled', { ...of, ...given });
  // What is shown stays until the answer for other scales is there, under its own name.
  const shown = useRef(given);
  if (scaled.fresh) shown.current = given;
  const { skipScale, weightScale } = shown.current;
  const problem = unchanged.error ?? scaled.error;
  const curve = (name: string, values: readonly number[]) => ({ name, x: values.map((_, i) => i + 1), y: values });
  return (
    <>
      <div class="tools sliders">
        <Scale
          name="Skip connection ×"
          value={scales.skipScale}
          onInput={(skip) => setScales({ ...scales, skipScale: skip })}
        />
        <Scale
          name="Branch ×"
          value={scales.weightScale}
          onInput={(branch) => setScales({ ...scales, weightScale: branch })}
        />
        <button type="button" onClick={() => setScales({ skipScale: 1, weightScale: 1 })}>
          As it is
        </button>
      </div>
      {problem ? (
        <Problem
          message={problem.message}
          retry={() => {
            unchanged.reload();
            scaled.reload();
          }}
        />
      ) : !unchanged.value || !scaled.value ? (
        <Waiting what="the network and its spectrum" />
      ) : (
        <CurveFigure
          title={`Largest singular values of ${unit}`}
          curves={[
            curve('as it is', unchanged.value.values),
            curve(`skip × ${skipScale}, branch × ${weightScale}`, scaled.value.values),
          ]}
          axes={{ xLog: false, yLog: query.get('ylog') === '1', xLabel: 'index', yLabel: 'singular value' }}
          note={`The largest is ${formatNumber(scaled.value.values[0] ?? 0)}, as it is ${formatNumber(unchanged.value.values[0] ?? 0)}; found in ${formatDuration(scaled.value.seconds)}, to ${formatNumber(scaled.value.residual, 1)} of the largest. The map ends at the addition, and is linearized at the activations of the unchanged network.`}
        />
      )}
    </>
  );
}

export function ScaleView() {
  const { query } = useRoute();

  const shown = Object.fromEntries(places.map(({ key, usual }) => [key, query.get(key) ?? usual]));
  const [typed, setTyped] = useState(shown);
  const subject = Object.fromEntries(
    Object.entries(shown).filter(([key, value]) => key !== 'unit' && key !== 'image' && value !== ''),
  );
  return (
    <>
      <h1>Skip and branch on sliders</h1>
      <form
        class="tools"
        onSubmit={(e) => {
          e.preventDefault();
          set(typed);
        }}
      >
        {places.map(({ key, title }) => (
          <label key={key}>
            {title}{' '}
            <input size={10} value={typed[key]} onInput={(e) => setTyped({ ...typed, [key]: e.currentTarget.value })} />
          </label>
        ))}
        <button type="submit" class="main">
          Open
        </button>
      </form>
      <Top
        key={JSON.stringify(shown)}
        unit={shown.unit ?? ''}
        image={Math.max(0, Math.floor(Number(shown.image) || 0))}
        subject={subject}
      />
    </>
  );
}
