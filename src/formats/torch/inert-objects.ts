/**
 * Objects that training scripts leave beside the weights (options, dates, NumPy scalars, settings of a framework). They are passed over:
 * not one is built, and nothing of them is kept but the name.
 */

/** Functions and classes with lower-case names whose only use in a pickle is to make a plain object. */
const makers = new Set([
  // `torch.save` writes protocol 2, which has the names of Python 2.
  ...['builtins', '__builtin__'].flatMap((module) =>
    ['bytearray', 'complex', 'range', 'slice', 'xrange'].map((name) => `${module}.${name}`),
  ),
  'collections.deque',
  'copy_reg._reconstructor',
  'copyreg._reconstructor',
  'datetime.date',
  'datetime.datetime',
  'datetime.time',
  'datetime.timedelta',
  'datetime.timezone',
  'functools.partial',
  'numpy.dtype',
  'numpy.ndarray',
  'numpy.random._pickle.__bit_generator_ctor',
  'numpy.random._pickle.__generator_ctor',
  'numpy.random._pickle.__randomstate_ctor',
  'pytz._UTC',
  'pytz._p',
  'torch.device',
  'torch.finfo',
  'types.SimpleNamespace',
  ...['numpy.core', 'numpy._core'].flatMap((core) => [
    `${core}.multiarray._reconstruct`,
    `${core}.multiarray.scalar`,
    `${core}.numeric._frombuffer`,
  ]),
]);

/** Classes that a pickle names without making anything of them, as `defaultdict(list)` does. */
const mentioned = new Set(
  ['bool', 'dict', 'float', 'int', 'list', 'object', 'str', 'tuple', 'type'].flatMap((name) => [
    `builtins.${name}`,
    `__builtin__.${name}`,
  ]),
);

/**
 * Modules whose classes run programs or code, open connections or touch files when they are made. None of it would happen here; but
 * a checkpoint that asks for it was made to harm, and its reader should hear so.
 */
const harmful = new Set(
  (
    '__builtin__ _ctypes _io _pickle _posixsubprocess _thread asyncio bdb builtins cProfile cffi cloudpickle code codecs codeop commands ' +
    'concurrent ctypes dill distutils ensurepip ftplib gc http imp importlib inspect io joblib logging marshal mmap multiprocessing nt ' +
    'ntpath os pdb pickle pip pkgutil platform popen2 posix posixpath profile pty pydoc requests runpy setuptools shelve shutil ' +
    'signal site smtplib socket socketserver sqlite3 ssl subprocess sys tempfile telnetlib threading timeit trace types urllib venv ' +
    'webbrowser xmlrpc zipimport'
  ).split(' '),
);

/** A class by the convention of Python: its last name begins with a capital, and no name on the way is a special one. */
const classLike = /^(?:__main__|[A-Za-z_]\w*)(?:\.(?!__)[A-Za-z_]\w*)*\.(?!__)_*[A-Z]\w*$/;

/** Whether objects made by calling this name are passed over. */
export function isInert(name: string): boolean {
  if (makers.has(name)) return true;
  return classLike.test(name) && !harmful.has(name.slice(0, name.indexOf('.')));
}

/** Whether this name may stand in a pickle although it may not be called. */
export function isMentioned(name: string): boolean {
  return mentioned.has(name);
}
