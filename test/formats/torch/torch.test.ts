import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import { Budget } from '../../../src/formats/budget.ts';
import { decodeTorchCheckpoint, readTorchCheckpoint } from '../../../src/formats/torch/torch.ts';
import { realData } from '../../support/real-data.ts';
import { legacyCheckpoint, pickle, type TensorText, tensorText, zipCheckpoint } from '../../support/torch-files.ts';

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The error of decoding, which must be a FileError of one line. */
function refusal(bytes: Uint8Array): string {
  try {
    decodeTorchCheckpoint(bytes, 'w.pt');
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    const { message } = error as FileError;
    expect(message).toMatch(/^w\.pt: [^\n]+$/);
    return message;
  }
  return 'was read';
}

/** Reads one tensor from a zip checkpoint. */
function readOne(text: TensorText, storage: ArrayBufferView) {
  const program = pickle.program(pickle.dict({ a: tensorText(text) }));
  return decodeTorchCheckpoint(zipCheckpoint(program, { [text.key]: bytesOf(storage) }), 'w.pt').tensors.get('a')!;
}

const ramp = Float32Array.from({ length: 12 }, (_, i) => i);
const matrix: TensorText = { key: '0', count: 12, shape: [3, 4], strides: [4, 1] };

describe('a PyTorch checkpoint', () => {
  it('of the zip format gives its tensors and the plain values beside them', () => {
    const program = pickle.program(
      pickle.dict({
        epoch: pickle.int(7),
        best: pickle.float(93.5),
        arch: pickle.text('resnet'),
        optimizer: pickle.dict({ state: pickle.list() }),
        state_dict: pickle.dict({ 'module.fc.weight': tensorText(matrix) }),
      }),
    );
    const { tensors, extras } = decodeTorchCheckpoint(zipCheckpoint(program, { 0: bytesOf(ramp) }), 'w.pt');
    expect([...tensors.keys()]).toEqual(['fc.weight']);
    expect(tensors.get('fc.weight')).toEqual({ dtype: 'float32', shape: [3, 4], data: ramp });
    expect(Object.fromEntries(extras)).toEqual({ epoch: 7, best: 93.5, arch: 'resnet' });
  });

  it('of the legacy format gives the same', () => {
    const program = pickle.program(pickle.dict({ w: tensorText({ ...matrix, legacy: true }) }));
    const { tensors } = decodeTorchCheckpoint(legacyCheckpoint(program, { 0: ramp }), 'w.pt');
    expect(tensors.get('w')).toEqual({ dtype: 'float32', shape: [3, 4], data: ramp });
  });

  it('is read whatever pickle protocol it was saved with', () => {
    const tensor = tensorText({ ...matrix, legacy: true });
    const framed = (body: Uint8Array) => {
      const frame = Buffer.alloc(9, 0x95);
      frame.writeBigUInt64LE(BigInt(body.length), 1);
      return Buffer.concat([pickle.raw('\x80\x05'), frame, body]);
    };
    const body = Buffer.concat([pickle.raw('}\x94\x8c\x01w'), tensor, pickle.raw('s.')]);
    const { tensors } = decodeTorchCheckpoint(legacyCheckpoint(framed(body), { 0: ramp }), 'w.pt');
    expect(tensors.get('w')?.data).toEqual(ramp);
    const magic = legacyCheckpoint(framed(body), { 0: ramp });
    magic[1] = 4;
    expect(decodeTorchCheckpoint(magic, 'w.pt').tensors.size).toBe(1);
  });

  it('may keep its state dict under state_dict, model_state_dict, model or net, and one of them in another', () => {
    for (const key of ['state_dict', 'model_state_dict', 'model', 'net']) {
      const program = pickle.program(pickle.dict({ [key]: pickle.dict({ w: tensorText(matrix) }) }));
      const { tensors } = decodeTorchCheckpoint(zipCheckpoint(program, { 0: bytesOf(ramp) }), 'w.pt');
      expect([...tensors.keys()]).toEqual(['w']);
    }
    const nested = pickle.dict({ model: pickle.dict({ state_dict: pickle.dict({ w: tensorText(matrix) }) }) });
    const { tensors } = decodeTorchCheckpoint(zipCheckpoint(pickle.program(nested), { 0: bytesOf(ramp) }), 'w.pt');
    expect([...tensors.keys()]).toEqual(['w']);
  });

  it('keeps integers beyond 2^53 exact and sets, bytes, tuples and attributes of an OrderedDict out of the way', () => {
    const program = pickle.program(
      pickle.call(pickle.global('collections', 'OrderedDict')),
      pickle.raw('('),
      pickle.text('w'),
      tensorText(matrix),
      pickle.text('big'),
      pickle.raw('\x8a\x09\x01\x00\x00\x00\x00\x00\x00\x00\x01'),
      pickle.text('negative'),
      pickle.raw('\x8a\x01\xff'),
      pickle.text('set'),
      pickle.call(pickle.global('__builtin__', 'set'), pickle.list(pickle.int(1))),
      pickle.text('bytes'),
      pickle.call(pickle.global('_codecs', 'encode'), pickle.text('é'), pickle.text('latin1')),
      pickle.text('size'),
      pickle.call(pickle.global('torch', 'Size'), pickle.tuple(pickle.int(3))),
      pickle.raw('u'),
      pickle.dict({ _metadata: pickle.dict({}) }),
      pickle.raw('b'),
    );
    const { tensors, extras } = decodeTorchCheckpoint(zipCheckpoint(program, { 0: bytesOf(ramp) }), 'w.pt');
    expect(tensors.size).toBe(1);
    expect(Object.fromEntries(extras)).toEqual({ big: 2n ** 64n + 1n, negative: -1 });
  });

  it('with a name both with and without "module." is refused', () => {
    const program = pickle.program(pickle.dict({ 'module.w': tensorText(matrix), w: tensorText(matrix) }));
    expect(refusal(zipCheckpoint(program, { 0: bytesOf(ramp) }))).toContain('"w" with and without "module."');
  });

  it('without tensors is refused, saying what was found', () => {
    expect(refusal(zipCheckpoint(pickle.program(pickle.dict({ lr: pickle.float(0.1) }))))).toContain(
      'expected a state dict (names to tensors), found a dict with keys "lr"',
    );
    expect(refusal(zipCheckpoint(pickle.program(pickle.list())))).toContain('found a list');
  });
});

describe('a tensor of a checkpoint', () => {
  it('is put in row-major order whatever its strides and offset', () => {
    expect(readOne({ ...matrix, shape: [4, 3], strides: [1, 4] }, ramp).data).toEqual(
      Float32Array.of(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11),
    );
    expect(readOne({ ...matrix, shape: [2, 2], strides: [4, 2], offset: 1 }, ramp).data).toEqual(
      Float32Array.of(1, 3, 5, 7),
    );
    expect(readOne({ ...matrix, shape: [2, 3], strides: [0, 1], offset: 9 }, ramp).data).toEqual(
      Float32Array.of(9, 10, 11, 9, 10, 11),
    );
    expect(readOne({ ...matrix, shape: [], strides: [], offset: 5 }, ramp).data).toEqual(Float32Array.of(5));
    expect(readOne({ ...matrix, shape: [0, 4], strides: [4, 1] }, ramp).data).toEqual(new Float32Array(0));
  });

  it('of any type and strides has the elements that index arithmetic gives', () => {
    const kinds = [
      { storage: 'DoubleStorage', array: Float64Array.from(ramp) },
      { storage: 'LongStorage', array: BigInt64Array.from(ramp, (v) => -BigInt(v)) },
      { storage: 'IntStorage', array: Int32Array.from(ramp) },
      { storage: 'ShortStorage', array: Int16Array.from(ramp) },
      { storage: 'CharStorage', array: Int8Array.from(ramp, (v) => -v) },
      { storage: 'ByteStorage', array: Uint8Array.from(ramp) },
    ];
    const axis = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 }));
    const reach = (axes: readonly (readonly [number, number])[]) => axes.reduce((sum, [d, s]) => sum + (d - 1) * s, 0);
    const dims = fc.array(axis, { maxLength: 3 }).filter((axes) => reach(axes) < ramp.length);
    fc.assert(
      fc.property(fc.constantFrom(...kinds), dims, ({ storage, array }, axes) => {
        const shape = axes.map(([d]) => d);
        const strides = axes.map(([, s]) => s);
        const expected = axes.reduce(
          (offsets, [d, s]) => offsets.flatMap((o) => Array.from({ length: d }, (_, i) => o + i * s)),
          [0],
        );
        const { data } = readOne({ key: '0', count: 12, shape, strides, storage }, array);
        expect([...data]).toEqual(expected.map((at) => array[at]));
      }),
      { numRuns: 100 },
    );
  });

  it('of 16-bit floats becomes float32 without loss', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8400, 0x7c00, 0x7e00, 0x0000);
    const half = readOne({ key: '0', count: 8, shape: [8], strides: [1], storage: 'HalfStorage' }, halves);
    expect(half.dtype).toBe('float32');
    expect([...half.data]).toEqual([1, -2, 65504, 2 ** -24, -(2 ** -14), Number.POSITIVE_INFINITY, Number.NaN, 0]);
    const brains = Uint16Array.of(0x3f80, 0xc040, 0x0000, 0x7f80);
    const brain = readOne({ key: '0', count: 4, shape: [4], strides: [1], storage: 'BFloat16Storage' }, brains);
    expect([...brain.data]).toEqual([1, -3, 0, Number.POSITIVE_INFINITY]);
  });

  it('that reaches beyond its storage is refused', () => {
    const program = pickle.program(pickle.dict({ a: tensorText({ ...matrix, shape: [3, 5] }) }));
    expect(refusal(zipCheckpoint(program, { 0: bytesOf(ramp) }))).toContain(
      'tensor "a" reaches element 13 of a storage of 12',
    );
  });

  it('that would fill the memory from a few bytes is refused before anything is allocated', () => {
    const huge = { ...matrix, shape: [2 ** 20, 2 ** 20], strides: [0, 0] };
    const program = pickle.program(pickle.dict({ a: tensorText(huge) }));
    expect(refusal(zipCheckpoint(program, { 0: bytesOf(ramp) }))).toContain(
      'far more than a file of this size may ask for',
    );
    const many = pickle.program(
      pickle.dict(
        Object.fromEntries(
          Array.from({ length: 100 }, (_, i) => [`t${i}`, tensorText({ ...matrix, shape: [2 ** 20], strides: [0] })]),
        ),
      ),
    );
    expect(refusal(zipCheckpoint(many, { 0: bytesOf(ramp) }))).toContain(
      'far more than a file of this size may ask for',
    );
  });

  it('whose storage is missing, of another length or described in two ways is refused', () => {
    const program = pickle.program(pickle.dict({ a: tensorText(matrix) }));
    expect(refusal(zipCheckpoint(program))).toContain('no entry "archive/data/0"');
    expect(refusal(zipCheckpoint(program, { 0: new Uint8Array(44) }))).toContain(
      'storage "0" has 44 bytes, expected 48',
    );
    const twice = pickle.program(
      pickle.dict({ a: tensorText(matrix), b: tensorText({ ...matrix, storage: 'LongStorage' }) }),
    );
    expect(refusal(zipCheckpoint(twice, { 0: bytesOf(ramp) }))).toContain('described twice');
  });
});

describe('a pickle that would execute code', () => {
  const echo = pickle.tuple(pickle.text('echo pwned'));
  const system = (callee: Uint8Array) => Buffer.concat([callee, echo, pickle.raw('R')]);
  const attacks: Record<string, { program: Buffer; asks: string }> = {
    'os.system by GLOBAL': { program: pickle.program(system(pickle.global('os', 'system'))), asks: 'os.system' },
    'os.system by STACK_GLOBAL': {
      program: pickle.program(system(pickle.stackGlobal('os', 'system'))),
      asks: 'os.system',
    },
    'builtins.eval': { program: pickle.program(system(pickle.global('builtins', 'eval'))), asks: 'builtins.eval' },
    'INST of protocol 0': {
      program: pickle.program(pickle.raw('('), pickle.text('id'), pickle.raw('iposix\nsystem\n')),
      asks: 'posix.system',
    },
    'OBJ of protocol 1': {
      program: pickle.program(pickle.raw('('), pickle.global('subprocess', 'Popen'), echo, pickle.raw('o')),
      asks: 'subprocess.Popen',
    },
    'NEWOBJ of a class': {
      program: pickle.program(pickle.global('subprocess', 'Popen'), pickle.raw(')\x81')),
      asks: 'subprocess.Popen',
    },
    'NEWOBJ_EX of a class': {
      program: pickle.program(pickle.global('ctypes', 'CDLL'), pickle.raw(')}\x92')),
      asks: 'ctypes.CDLL',
    },
    'an extension code': { program: pickle.program(pickle.raw('\x82\x07')), asks: 'copyreg extension 7' },
    'a call hidden in a persistent id': {
      program: pickle.program(
        pickle.tuple(pickle.text('storage'), system(pickle.global('os', 'system'))),
        pickle.raw('Q'),
      ),
      asks: 'os.system',
    },
    'a name of a module that is read': {
      program: pickle.program(system(pickle.global('torch', 'load'))),
      asks: 'torch.load',
    },
    'a nested load of a storage': {
      program: pickle.program(pickle.global('torch.storage', '_load_from_bytes')),
      asks: 'torch.storage._load_from_bytes',
    },
    'an attribute reached through a dotted name': {
      program: pickle.program(pickle.stackGlobal('collections', 'OrderedDict.__init__.__globals__')),
      asks: 'collections.OrderedDict.__init__.__globals__',
    },
    'a name that every JavaScript object has': {
      program: pickle.program(pickle.global('constructor', 'constructor')),
      asks: 'constructor.constructor',
    },
  };

  for (const [name, { program, asks }] of Object.entries(attacks)) {
    it(`is refused by name: ${name}`, () => {
      const expected = `w.pt: pickle asks for "${asks}"; only tensors and plain containers are read (running it would execute code)`;
      expect(refusal(zipCheckpoint(program))).toBe(expected);
      expect(refusal(legacyCheckpoint(program))).toBe(expected);
      expect(refusal(program)).toBe(expected);
    });
  }

  it('calls nothing with state, storage classes or values in the place of a function', () => {
    expect(refusal(zipCheckpoint(pickle.program(pickle.text('x'), pickle.dict({}), pickle.raw('b'))))).toContain(
      'sets the state',
    );
    expect(refusal(zipCheckpoint(pickle.program(system(pickle.global('torch', 'FloatStorage')))))).toContain(
      '"torch.FloatStorage"',
    );
    expect(refusal(zipCheckpoint(pickle.program(system(pickle.text('os.system')))))).toContain(
      'calls something that is no function',
    );
  });

  it('shows hostile names on one line, cut and escaped', () => {
    const program = pickle.program(pickle.stackGlobal('a\n\x1b[31m', 'b'.repeat(5000)));
    const message = refusal(zipCheckpoint(program));
    expect(message).toContain('a\\n\\u001b[31m.bbb');
    expect(message.length).toBeLessThan(300);
  });
});

describe('objects beside the tensors', () => {
  const { global, text, int, float, tuple, dict, raw, call, list } = pickle;
  const state = dict({ w: tensorText(matrix) });
  const built = (callee: Uint8Array, attributes: Uint8Array) =>
    Buffer.concat([callee, raw(')\x81'), attributes, raw('b')]);
  const read = (beside: Uint8Array) =>
    decodeTorchCheckpoint(
      zipCheckpoint(pickle.program(dict({ beside, state_dict: state })), { 0: bytesOf(ramp) }),
      'w.pt',
    );

  const objects: Record<string, [Uint8Array, string[]]> = {
    'the options of a script': [
      built(global('argparse', 'Namespace'), dict({ lr: float(0.1) })),
      ['argparse.Namespace'],
    ],
    'a class of the script itself': [
      built(global('__main__', 'Config'), dict({ lr: float(0.1) })),
      ['__main__.Config'],
    ],
    'a NumPy number': [
      call(
        global('numpy.core.multiarray', 'scalar'),
        Buffer.concat([
          call(global('numpy', 'dtype'), text('f8'), raw('\x89'), raw('\x88')),
          tuple(int(3), text('<'), raw('N'), raw('N'), raw('N')),
          raw('b'),
        ]),
        call(global('_codecs', 'encode'), text('01234567'), text('latin1')),
      ),
      ['numpy.core.multiarray.scalar'],
    ],
    'a NumPy array': [
      Buffer.concat([
        call(
          global('numpy.core.multiarray', '_reconstruct'),
          global('numpy', 'ndarray'),
          tuple(int(0)),
          call(global('_codecs', 'encode'), text('b'), text('latin1')),
        ),
        tuple(int(1), tuple(int(1)), raw('N'), raw('\x89'), text('x')),
        raw('b'),
      ]),
      ['numpy.ndarray'],
    ],
    'a date': [call(global('datetime', 'datetime'), text('0123456789')), ['datetime.datetime']],
    'a member of an enumeration, as Python 3.11 writes it': [
      call(global('__builtin__', 'getattr'), global('__main__', 'Phase'), text('TRAIN')),
      ['__main__.Phase'],
    ],
    'a member of an enumeration': [
      call(global('lightning.pytorch.trainer.states', 'TrainerFn'), text('fit')),
      ['lightning.pytorch.trainer.states.TrainerFn'],
    ],
    'a dict of a class of its own': [
      Buffer.concat([
        global('lightning_fabric.utilities.data', 'AttributeDict'),
        raw(')\x81('),
        text('lr'),
        float(0.1),
        raw('u'),
      ]),
      ['lightning_fabric.utilities.data.AttributeDict'],
    ],
    'a list of a class of its own': [
      Buffer.concat([global('a', 'L'), raw(')\x81('), int(1), int(2), raw('e')]),
      ['a.L'],
    ],
    'an object made with keywords': [
      Buffer.concat([global('a.b', 'C'), tuple(), dict({ x: int(1) }), raw('\x92')]),
      ['a.b.C'],
    ],
    'a device': [call(global('torch', 'device'), text('cuda')), ['torch.device']],
    'a path': [call(global('pathlib', 'PosixPath'), text('/'), text('tmp')), ['pathlib.PosixPath']],
    'a class that is only named': [list(global('torch.optim', 'SGD'), global('builtins', 'int')), []],
    'a defaultdict': [
      Buffer.concat([
        call(global('collections', 'defaultdict'), global('builtins', 'list')),
        raw('('),
        text('a'),
        int(1),
        raw('u'),
      ]),
      [],
    ],
  };
  for (const [name, [beside, passedOver]] of Object.entries(objects)) {
    it(`are passed over by name, not built: ${name}`, () => {
      const checkpoint = read(beside);
      expect(checkpoint.tensors.get('w')?.data).toEqual(ramp);
      expect([...checkpoint.passedOver.keys()]).toEqual(passedOver);
      expect([...checkpoint.extras.keys()]).toEqual([]);
    });
  }

  it('are refused where they hold the tensors: what a whole model has is known to its class alone', () => {
    const model = built(global('torchvision.models.resnet', 'ResNet'), dict({ _parameters: state }));
    expect(refusal(zipCheckpoint(pickle.program(model), { 0: bytesOf(ramp) }))).toContain(
      'found an object of "torchvision.models.resnet.ResNet", which is not built; save its state_dict() instead',
    );
  });

  it('are refused by name where they come from a function or from a module that runs programs', () => {
    for (const [module, name] of [
      ['os', 'Popen'],
      ['a', 'make'],
      ['a', '__Main__'],
      ['a', 'B.__globals__'],
      ['builtins', 'Exception'],
      ['A', 'b c.D'],
    ])
      expect(refusal(zipCheckpoint(pickle.program(call(global(module!, name!)))))).toContain(
        `pickle asks for "${module}.${name}"`,
      );
  });
});

describe('an attribute in a pickle', () => {
  it('is reached in no way but of a class that is passed over, and is never called', () => {
    const { global, call, text, raw } = pickle;
    const get = (owner: Uint8Array) => call(global('builtins', 'getattr'), owner, text('__init__'));
    for (const owner of [global('builtins', 'dict'), global('collections', 'OrderedDict'), text('x'), pickle.dict({})])
      expect(refusal(zipCheckpoint(pickle.program(get(owner))))).toContain(
        'calls builtins.getattr with arguments that do not fit',
      );
    expect(refusal(zipCheckpoint(pickle.program(get(global('os', 'system')))))).toContain(
      'pickle asks for "os.system"',
    );
    const called = Buffer.concat([get(global('a', 'B')), pickle.tuple(), raw('R')]);
    expect(refusal(zipCheckpoint(pickle.program(called)))).toContain('calls something that is no function');
  });
});

describe('a pickle that changes what it has given away', () => {
  const { text, int, raw } = pickle;
  /** A tensor whose shape and strides are the lists 1 and 2 of the memo, to which the pickle appends afterwards. */
  const changed = (key: string, more: Uint8Array, stride: Uint8Array, storage = 'FloatStorage') =>
    Buffer.concat([
      text(key),
      pickle.call(
        pickle.global('torch._utils', '_rebuild_tensor_v2'),
        Buffer.concat([
          pickle.tuple(text('storage'), pickle.global('torch', storage), text(storage), text('cpu'), int(12)),
          raw('Q'),
        ]),
        int(0),
        Buffer.concat([pickle.list(int(2)), raw('q\x01')]),
        Buffer.concat([pickle.list(int(1)), raw('q\x02')]),
      ),
      raw('sh\x01'),
      more,
      raw('a0h\x02'),
      stride,
      raw('a0'),
    ]);
  const negative = raw('\x8a\x07\x00\x00\x00\x00\x00\x00\xfc');

  it('does not change a tensor that was made of it', () => {
    for (const more of [negative, text('3'), pickle.none, int(2 ** 40), pickle.list()]) {
      const program = pickle.program(raw('}'), changed('w', more, int(1)));
      const { tensors } = decodeTorchCheckpoint(zipCheckpoint(program, { FloatStorage: bytesOf(ramp) }), 'w.pt');
      expect(tensors.get('w')).toEqual({ dtype: 'float32', shape: [2], data: ramp.subarray(0, 2) });
    }
  });

  it('cannot raise what it may take in memory', () => {
    const huge = tensorText({ ...matrix, key: 'FloatStorage', shape: [2 ** 28], strides: [0] });
    const program = pickle.program(raw('}'), changed('a', negative, int(1), 'HalfStorage'), text('b'), huge, raw('s'));
    const storages = { FloatStorage: bytesOf(ramp), HalfStorage: new Uint8Array(24) };
    expect(refusal(zipCheckpoint(program, storages))).toContain('tensor "b" of shape [268435456] needs');
    expect(() => new Budget('w.pt', 10).spend(-1, 'x')).toThrow('w.pt: x needs -1 bytes');
    expect(() => new Budget('w.pt', 10).spend(Number.NaN, 'x')).toThrow(FileError);
  });

  it('with a negative, fractional, textual or overlong shape makes no tensor', () => {
    for (const dims of [
      [negative],
      [text('3')],
      [pickle.none],
      [pickle.float(2.5)],
      Array.from({ length: 65 }, () => int(1)),
    ]) {
      const program = pickle.program(
        pickle.call(
          pickle.global('torch._utils', '_rebuild_tensor_v2'),
          Buffer.concat([
            pickle.tuple(text('storage'), pickle.global('torch', 'FloatStorage'), text('0'), text('cpu'), int(12)),
            raw('Q'),
          ]),
          int(0),
          pickle.list(...dims),
          pickle.list(...dims.map(() => int(1))),
        ),
      );
      expect(refusal(zipCheckpoint(program, { 0: bytesOf(ramp) }))).toContain('with arguments that do not fit it');
    }
  });
});

describe('a pickle that grows out of bounds', () => {
  const { raw, text } = pickle;
  /** A list of two times a list of two times ... : 2^depth elements if it were written out. */
  const nest = (depth: number) =>
    Buffer.concat([
      raw(']q\x010'),
      ...Array.from({ length: depth }, (_, i) =>
        raw(`(h${String.fromCharCode(1 + i).repeat(1)}h${String.fromCharCode(1 + i)}lq${String.fromCharCode(2 + i)}0`),
      ),
      raw(`h${String.fromCharCode(1 + depth)}`),
    ]);
  const deep = Buffer.concat([raw(']'), Buffer.alloc(200_000, 0x85)]);

  it('as a key is never written out', () => {
    for (const key of [nest(40), deep]) {
      const program = pickle.program(raw('}'), key, raw('K\x01s'));
      expect(refusal(zipCheckpoint(program))).toContain('found a dict with keys a list');
      const bytes = legacyCheckpoint(pickle.program(pickle.dict({ w: tensorText({ ...matrix, legacy: true }) })));
      const listed = bytes.subarray(0, bytes.length - 1 - pickle.list().length - 2);
      const message = refusal(Buffer.concat([listed, pickle.program(pickle.list(key))]));
      expect(message).toContain('lists storage a list, which no tensor uses');
    }
  });

  it('is refused before it has taken more memory than a file of its size may', () => {
    const grown: Record<string, Uint8Array> = {
      marks: Buffer.alloc(2_200_000, '('),
      dicts: Buffer.alloc(300_000, '}'),
      sets: Buffer.alloc(300_000, 0x8f),
      bytes: Buffer.alloc(2_000_000, 'C\0', 'latin1'),
      sizes: Buffer.concat([
        pickle.global('torch', 'Size'),
        raw('q\x010'),
        pickle.tuple(pickle.list(...Array.from({ length: 64 }, () => pickle.int(1)))),
        raw('q\x020'),
        Buffer.alloc(1_000_000, 'h\x01h\x02R', 'latin1'),
      ]),
      names: Buffer.concat([
        text(`A${'b'.repeat(499)}`),
        raw('q\x010'),
        Buffer.alloc(400_000, 'h\x01h\x01\x930', 'latin1'),
      ]),
    };
    for (const [name, program] of Object.entries(grown))
      expect(refusal(zipCheckpoint(pickle.program(program))), name).toMatch(
        /far more than a file of this size may ask for|a name of 1000 characters/,
      );
  });
});

describe('a checkpoint with several sets of weights', () => {
  const set = (offset: number) => pickle.dict({ w: tensorText({ ...matrix, shape: [1], strides: [1], offset }) });
  const first = (entries: Record<string, Uint8Array>, weightsKey?: string) => {
    const bytes = zipCheckpoint(pickle.program(pickle.dict(entries)), { 0: bytesOf(ramp) });
    const { tensors, key, otherKeys } = decodeTorchCheckpoint(bytes, 'w.pt', { weightsKey });
    return [tensors.get('w')?.data[0], key, otherKeys];
  };

  it('gives those that were trained and says which others there are', () => {
    expect(first({ ema: set(2), state_dict: set(1), optimizer: set(3) })).toEqual([1, 'state_dict', ['ema']]);
    expect(first({ model_ema: pickle.dict({ module: set(4) }), net: set(5) })).toEqual([
      5,
      'net',
      ['model_ema.module'],
    ]);
  });

  it('gives the one that is asked for', () => {
    expect(first({ state_dict: set(1), ema: set(2) }, 'ema')).toEqual([2, 'ema', ['state_dict']]);
    expect(first({ model_ema: pickle.dict({ module: set(4) }), net: set(5) }, 'model_ema.module')).toEqual([
      4,
      'model_ema.module',
      ['net'],
    ]);
  });

  it('gives the only one wherever it lies, and refuses to guess among several', () => {
    expect(first({ generator: set(3) })).toEqual([3, 'generator', []]);
    expect(() => first({ generator: set(3), discriminator: set(4) })).toThrow(
      'w.pt: holds several sets of weights ("generator", "discriminator"); choose one by its key (weightsKey)',
    );
  });
});

describe('a damaged checkpoint', () => {
  const program = (legacy: boolean) => pickle.program(pickle.dict({ w: tensorText({ ...matrix, legacy }) }));
  const files = {
    zip: zipCheckpoint(program(false), { 0: bytesOf(ramp) }),
    legacy: legacyCheckpoint(program(true), { 0: ramp }),
  };

  for (const [format, bytes] of Object.entries(files)) {
    it(`of the ${format} format is refused wherever it is cut`, () => {
      expect(refusal(bytes)).toBe('was read');
      for (let length = 0; length < bytes.length; length++) {
        expect(refusal(bytes.subarray(0, length)), `cut at ${length}`).not.toBe('was read');
      }
    });

    it(`of the ${format} format never gives a tensor whose data do not fit its shape, nor any other error`, () => {
      const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(damage, (changes) => {
          const copy = Buffer.from(bytes);
          for (const [at, value] of changes) copy[at] = value;
          try {
            for (const t of decodeTorchCheckpoint(copy, 'w.pt').tensors.values()) {
              expect(t.data.length).toBe(t.shape.reduce((n, d) => n * d, 1));
            }
          } catch (error) {
            expect(error).toBeInstanceOf(FileError);
          }
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('says what is wrong with it', () => {
    expect(refusal(files.zip.subarray(0, 300))).toContain('truncated zip archive');
    expect(refusal(files.legacy.subarray(0, files.legacy.length - 1))).toContain(
      'truncated: storage "0" should end at byte',
    );
    expect(refusal(Buffer.concat([files.legacy, Buffer.alloc(3)]))).toContain('3 bytes after its last storage');
    const flipped = Buffer.from(files.zip);
    flipped[flipped.indexOf(Buffer.from(ramp.buffer, 4, 8))] ^= 1;
    expect(refusal(flipped)).toContain('damaged (its CRC-32 does not match)');
    expect(refusal(pickle.program(pickle.dict({})))).toContain('is a pickle, but not one of PyTorch');
    expect(refusal(Buffer.from('hello'))).toContain('expected a PyTorch checkpoint');
  });
});

const checkpoints = [
  { file: 'checkpoints/resnet20-12fca82f.th', entries: 97, parameters: 269_722 },
  { file: 'checkpoints/resnet32-d509ac18.th', entries: 157, parameters: 464_154 },
  { file: 'checkpoints/resnet44-014dd654.th', entries: 217, parameters: 658_586 },
  { file: 'checkpoints/resnet56-4bfd9763.th', entries: 277, parameters: 853_018 },
];

describe('the published CIFAR-10 checkpoints', () => {
  for (const { file, entries, parameters } of checkpoints) {
    const path = realData(file);
    it.skipIf(!path)(
      `${file} has ${entries} entries and ${parameters} parameters under their PyTorch names`,
      async () => {
        const { tensors, extras } = await readTorchCheckpoint(path!);
        expect(tensors.size).toBe(entries);
        const trained = [...tensors].filter(([name]) => !/running_(mean|var)$/.test(name));
        expect(trained.reduce((n, [, t]) => n + t.data.length, 0)).toBe(parameters);
        for (const name of ['conv1.weight', 'layer1.0.bn1.running_var', 'layer3.2.conv2.weight', 'linear.bias']) {
          expect(tensors.has(name), name).toBe(true);
        }
        expect(tensors.get('linear.weight')?.shape).toEqual([10, 64]);
        for (const [name, t] of tensors) {
          if (name.endsWith('running_var')) expect(Math.min(...(t.data as Float32Array))).toBeGreaterThanOrEqual(0);
        }
        expect(extras.get('best_prec1')).toBeGreaterThan(91);
      },
    );
  }

  const path = realData('checkpoints/resnet20-12fca82f.th');
  it.skipIf(!path)('are refused when cut anywhere', async () => {
    const bytes = await readFile(path!);
    for (let i = 0; i < 100; i++) {
      const length = Math.floor((bytes.length * i) / 100) - (i % 3);
      expect(refusal(bytes.subarray(0, Math.max(length, 0))), `cut at ${length}`).not.toBe('was read');
    }
    expect(refusal(bytes.subarray(0, bytes.length - 1))).toContain('truncated: storage');
  });
});
