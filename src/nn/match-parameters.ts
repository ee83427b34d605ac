import { BallastError } from '../base/errors.ts';
import { cut } from '../base/printable.ts';
import type { TensorData } from '../onnx/index.ts';
import { describeNonFinite, nonFiniteIn } from './non-finite.ts';
import type { ParameterSpec, Params } from './parameters.ts';

/** Weights do not fit the model, or are no numbers to compute with: how many entries are wrong, and the first of them, in one line. */
export class ParameterError extends BallastError {}

/** PyTorch keeps a batch counter beside the running statistics; it plays no part in the network. */
const ignored = (name: string) => name.endsWith('num_batches_tracked');

/** What wraps a part of a network without changing its meaning; may stand anywhere in a name. */
const transparent = new Set(['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module']);

/** Attributes under which training scripts keep the network itself; only in front. */
const holders = new Set(['module', 'model', 'net', 'network', 'backbone']);

/**
 * The name in the model of a tensor that a checkpoint calls `name`: prefixes that DataParallel (`module.`), torch.compile
 * (`_orig_mod.`) or the script's own class (`model.`, `net.`, `backbone.`) put in front, in whatever order and number, are
 * dropped until a name is `wanted`. Undefined where none is.
 */
function nameInModel(name: string, wanted: ReadonlySet<string>): string | undefined {
  if (wanted.has(name)) return name;
  const parts = name.split('.').filter((part) => !transparent.has(part));
  for (let from = 0; ; from++) {
    const candidate = parts.slice(from).join('.');
    if (wanted.has(candidate)) return candidate;
    if (from >= parts.length - 1 || from >= 8 || !holders.has(parts[from]!)) return undefined;
  }
}

/** The first few of a list, each short, and how many more there are. */
function first(items: readonly string[], separator: string): string {
  const shown = items.slice(0, 5).map((item) => cut(item, 80));
  return `${shown.join(separator)}${items.length > 5 ? ` and ${items.length - 5} more` : ''}`;
}

/** Parameters are float32: float64, which some scripts train in, is rounded. Undefined for whole numbers. */
function asFloat32(t: TensorData): TensorData | undefined {
  if (t.dtype === 'float32') return t;
  if (t.dtype !== 'float64') return undefined;
  return { dtype: 'float32', shape: t.shape, data: new Float32Array(t.data as Float64Array) };
}

/**
 * Picks the tensors that `specs` name out of a checkpoint, whatever prefixes they have there (`module.`, `_orig_mod.`, `model.`, `net.`,
 * `backbone.`, nested in any order); float64 is rounded to float32.
 *
 * @throws ParameterError of one line that `source` opens: how many tensors are missing, unexpected or of another shape and the first of
 * each; or which of them hold values that are not finite, how many and where the first is.
 */
export function matchParameters(specs: readonly ParameterSpec[], given: Params, source: string): Params {
  const wanted = new Set(specs.flatMap((s) => (s.alias === undefined ? s.name : [s.name, s.alias])));
  const found = new Map<string, { readonly name: string; readonly tensor: TensorData }>();
  const unexpected: string[] = [];
  for (const [name, tensor] of given) {
    const own = nameInModel(name, wanted);
    const other = own === undefined ? undefined : found.get(own);
    if (other) {
      const names = `"${cut(other.name, 80)}" and "${cut(name, 80)}"`;
      throw new ParameterError(
        `${source}: holds ${own} twice, as ${names}; choose one of them by its key (weightsKey)`,
      );
    }
    if (own !== undefined) found.set(own, { name, tensor });
    else if (!ignored(name)) unexpected.push(name);
  }
  const matched = new Map<string, TensorData>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const { name, shape } of specs) {
    const t = found.get(name)?.tensor;
    if (!t) {
      missing.push(name);
      continue;
    }
    const float = asFloat32(t);
    if (t.shape.length !== shape.length || t.shape.some((d, i) => d !== shape[i])) {
      misshapen.push(`${name} is [${t.shape}], expected [${shape}]`);
    } else if (!float) misshapen.push(`${name} is ${t.dtype}, expected float32`);
    else matched.set(name, float);
  }
  const problems = [
    missing.length ? `missing ${missing.length}: ${first(missing, ', ')}` : '',
    unexpected.length ? `unexpected ${unexpected.length}: ${first(unexpected, ', ')}` : '',
    misshapen.length ? `wrong shape ${misshapen.length}: ${first(misshapen, '; ')}` : '',
  ].filter(Boolean);
  if (problems.length) throw new ParameterError(`${source}: weights do not fit the model; ${problems.join('; ')}`);
  checkFinite(matched, source);
  return matched;
}

function checkFinite(params: Params, source: string): void {
  const bad = [...params].flatMap(([name, t]) => {
    const found = nonFiniteIn(t);
    return found ? [`${name}: ${describeNonFinite(found, t.data.length)}`] : [];
  });
  if (!bad.length) return;
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more tensors hold such values)` : '';
  throw new ParameterError(`${source}: weights must be finite float32 numbers; in ${bad[0]}${more}`);
}
