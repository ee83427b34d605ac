/** Checkpoints that the real PyTorch wrote, as training scripts leave them, against the tensors that NumPy wrote of the same weights. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonWithTorch } from '../../bench/harness.ts';
import type { TensorData } from '../../src/base/tensor.ts';
import { decodeWeights, readBytes, readNpz } from '../../src/formats/index.ts';
import { matchParameters } from '../../src/nn/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-wrappings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `
import argparse, collections, datetime, enum, pathlib, sys, types
import numpy as np, torch
folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 3))
net(torch.randn(8, 5))
state = net.state_dict()
class Phase(enum.Enum):
    TRAIN = 1
class Config(dict):
    pass
np.savez(folder / 'truth.npz', **{k: v.numpy() for k, v in state.items()})
def save(name, value, **how):
    torch.save(value, folder / name, **how)
def prefixed(p):
    return collections.OrderedDict((p + k, v) for k, v in state.items())
save('plain.pt', state)
save('legacy.pt', state, _use_new_zipfile_serialization=False)
save('parallel.pt', torch.nn.DataParallel(net).state_dict())
for i, p in enumerate(['module._orig_mod.', '_orig_mod.module.', 'model.net.', 'backbone.module.', 'net._orig_mod.model.']):
    save(f'prefix{i}.pt', {'state_dict': prefixed(p)})
beside = {
    'args': argparse.Namespace(lr=0.1, when=datetime.datetime.now(), out=pathlib.PurePosixPath('/tmp'), phase=Phase.TRAIN),
    'best': np.float64(91.5), 'curve': np.arange(12.0).reshape(3, 4), 'flags': np.array([True, False]), 'text': np.str_('x'),
    'date': datetime.date.today(), 'took': datetime.timedelta(seconds=3), 'zone': datetime.datetime.now(datetime.timezone.utc),
    'default': collections.defaultdict(list, {'a': [1]}), 'count': collections.Counter('abc'), 'last': collections.deque([1, 2], 3),
    'phase': Phase.TRAIN, 'config': Config(a=1), 'simple': types.SimpleNamespace(x=1), 'complex': 1 + 2j, 'range': range(3), 'slice': slice(1, 2),
    'set': {1, 2}, 'frozen': frozenset([3]), 'bytes': b'abc', 'array': bytearray(b'abc'), 'device': torch.device('cpu'), 'dtype': torch.float16,
    'shape': torch.Size([1, 2]), 'class': torch.optim.SGD, 'random': np.random.RandomState(0), 'generator': np.random.default_rng(0),
    'rng_state': torch.get_rng_state(), 'numpy_rng': np.random.get_state(),
}
optimizer = torch.optim.Adam(net.parameters())
net(torch.randn(8, 5)).sum().backward(); optimizer.step()
save('beside.pt', {**beside, 'model':
  {k: torch.from_numpy(v) for k, v in np.load(folder / 'truth.npz').items()}, 'optimizer': optimizer.state_dict()})
truth = {k: torch.from_numpy(np.array(v)) for k, v in np.load(folder / 'truth.npz').items()}
save('lightning.ckpt', {'epoch': 1, 'global_step': 2, 'pytorch-lightning_version': '2.1.0', 'state_dict': {'model.' + k: v for k, v in truth.items()},
  'loops': {'fit': {'state_dict': {}}}, 'callbacks': {"ModelCheckpoint{'monitor': 'x'}": {'best_model_score': torch.tensor(0.5), 'kth': {'a': torch.tensor(1.)}}},
  'optimizer_states': [optimizer.state_dict()], 'lr_schedulers': [], 'hparams_name': 'kwargs', 'hyper_parameters': Config(lr=0.1, loss=torch.nn.CrossEntropyLoss())})
save('ema.pt', {'model_ema': {'module.' + k: 2 * v for k, v in truth.items()}, 'model': {'module.' + k: v for k, v in truth.items()}})
save('double.pt', {k: v.double() for k, v in truth.items()})
save('parameters.pt', {k: torch.nn.Parameter(v) if v.is_floating_point() else v for k, v in truth.items()})
save('views.pt', {k: (torch.stack([v, v], -1)[..., 1] if v.dim() else v) for k, v in truth.items()})
rounded = {k: v for k, v in truth.items()}
for name, kind in [('half', torch.float16), ('bfloat', torch.bfloat16)]:
    cast = {k: v.to(kind) if v.is_floating_point() else v for k, v in truth.items()}
    save(f'{name}.pt', cast)
    np.savez(folder / f'{name}.npz', **{k: v.float().numpy() if v.is_floating_point() else v.numpy() for k, v in cast.items()})
save('whole.pt', net)
save('whole-legacy.pt', net, _use_new_zipfile_serialization=False)
bad = dict(truth); bad['2.weight'] = truth['2.weight'].clone(); bad['2.weight'][1, 2] = float('nan')
save('nan.pt', bad)
`;

const python = pythonWithTorch();

describe.skipIf(!python)('a checkpoint of PyTorch', () => {
  let truth: Map<string, TensorData>;
  beforeAll(async () => {
    execFileSync(python!, ['-c', program, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    truth = await readNpz(join(folder, 'truth.npz'));
  }, 120_000);

  /** The weights that a network of the same layers would get. */
  async function read(name: string, weightsKey?: string) {
    const path = join(folder, name);
    const { tensors, notes } = decodeWeights(await readBytes(path, 'weights'), path, { weightsKey });
    const specs = [...truth]
      .filter(([key]) => !key.endsWith('num_batches_tracked'))
      .map(([key, t]) => ({ name: key, shape: t.shape, init: 'zeros' as const, trainable: true }));
    return { params: matchParameters(specs, tensors, name), notes };
  }
  const expected = (tensors = truth, scale = 1) =>
    [...tensors]
      .filter(([key]) => !key.endsWith('num_batches_tracked'))
      .map(([key, t]) => [key, { ...t, data: (t.data as Float32Array).map((v) => scale * v) }]);

  it.each([
    ...[
      'plain.pt',
      'legacy.pt',
      'parallel.pt',
      'double.pt',
      'parameters.pt',
      'views.pt',
      'lightning.ckpt',
      'beside.pt',
    ],
    ...[0, 1, 2, 3, 4].map((i) => `prefix${i}.pt`),
  ])('gives its weights: %s', async (name) => {
    expect([...(await read(name)).params]).toEqual(expected());
  });

  it('says which objects it passed over', async () => {
    const [note, ...more] = (await read('beside.pt')).notes;
    expect(more).toEqual([]);
    expect(note).toContain('passed over what is no tensor and was not built: argparse.Namespace, ');
    expect((await read('lightning.ckpt')).notes.join('\n')).toContain('__main__.Config');
  });

  it.each(['half', 'bfloat'])('of 16-bit floats gives what PyTorch makes of them in float32: %s', async (name) => {
    expect([...(await read(`${name}.pt`)).params]).toEqual(expected(await readNpz(join(folder, `${name}.npz`))));
  });

  it('gives the moving averages by their key', async () => {
    const plain = await read('ema.pt');
    expect([...plain.params]).toEqual(expected());
    expect(plain.notes[0]).toContain('are those under "model"; it holds another set, "model_ema"');
    expect([...(await read('ema.pt', 'model_ema')).params]).toEqual(expected(truth, 2));
  });

  it('that is a whole model is refused by its class, and NaN by its place', async () => {
    for (const name of ['whole.pt', 'whole-legacy.pt'])
      await expect(read(name)).rejects.toThrow(
        'an object of "torch.nn.modules.container.Sequential", which is not built',
      );
    await expect(read('nan.pt')).rejects.toThrow('in 2.weight: 1 of 12 values is not finite, the first NaN at [1, 2]');
  });
});
