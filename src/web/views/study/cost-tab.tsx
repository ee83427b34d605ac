import { useEffect, useState } from 'preact/hooks';
import { formatNumber } from '../../../report/numbers.ts';
import { useQuery } from '../../api/use-query.ts';
import { set, useRoute } from '../../parts/route.ts';
import { Answered } from '../../parts/states.tsx';
import { StoredPage } from '../../parts/stored-page.tsx';

/** Milliseconds that a slider rests before its value counts. */
const rest = 250;

/** Time against cost, for as many devices and as high a price as one likes. */
export function CostTab({ study }: { readonly study: string }) {
  const { query } = useRoute();
  const given = { devices: Number(query.get('devices') ?? 1), price: Number(query.get('price') ?? 0) };
  const [values, setValues] = useState(given);
  useEffect(() => {
    const { devices, price } = values;
    const timer = setTimeout(
      () => set({ devices: devices > 1 ? devices : undefined, price: price > 0 ? price : undefined }),
      rest,
    );
    return () => clearTimeout(timer);
  }, [values]);
  const bandwidth = Number(query.get('bandwidth') ?? 12.5);
  const latency = Number(query.get('latency') ?? 20);
  const found = useQuery('cost', {
    study,
    devices: given.devices,
    ...(given.price > 0 && { price: given.price }),
    ...(given.devices > 1 && { bandwidth, latency }),
  });
  return (
    <>
      <div class="tools sliders">
        <label>
          Devices{' '}
          <input
            type="range"
            min="0"
            max="10"
            step="1"
            value={Math.log2(values.devices)}
            aria-valuetext={`${values.devices} devices`}
            onInput={(e) => setValues({ ...values, devices: 2 ** Number(e.currentTarget.value) })}
          />{' '}
          <output>{values.devices}</output>
        </label>
        <label>
          Price of a device-hour{' '}
          <input
            type="range"
            min="0"
            max="20"
            step="0.1"
            value={values.price}
            onInput={(e) => setValues({ ...values, price: Number(e.currentTarget.value) })}
          />{' '}
          <output>{values.price > 0 ? formatNumber(values.price) : 'none'}</output>
        </label>
        {given.devices > 1 && (
          <>
            <label>
              GB/s between them{' '}
              <input
                type="number"
                min="0.01"
                step="any"
                value={bandwidth}
                onChange={(e) => set({ bandwidth: e.currentTarget.value })}
              />
            </label>
            <label>
              latency, µs{' '}
              <input
                type="number"
                min="0"
                step="any"
                value={latency}
                onChange={(e) => set({ latency: e.currentTarget.value })}
              />
            </label>
          </>
        )}
      </div>
      <Answered query={found} what="the cost">
        {({ page, reason, files }) =>
          page === null ? (
            <p class="state">Nothing can be said of time and cost: {reason}.</p>
          ) : (
            <StoredPage html={page} of={study} part="cost" files={files} header={false} />
          )
        }
      </Answered>
    </>
  );
}
