/** A dict of `labels` and a NumPy array of bytes, `data`, as cPickle of Python 2 writes it (protocol 2), whose text is bytes. */
export const ofPython2 = (labels: readonly number[], shape: readonly [number, number], data: Uint8Array): Buffer => {
  const short = (text: string) => Buffer.concat([Buffer.of(0x55, text.length), Buffer.from(text, 'latin1')]);
  const int = (n: number) => Buffer.of(0x4a, n & 255, (n >> 8) & 255, (n >> 16) & 255, n >> 24);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([
    Buffer.from('\x80\x02}q\x01(', 'latin1'),
    short('labels'),
    Buffer.from(']('),
    ...labels.map((label) => Buffer.of(0x4b, label)),
    Buffer.from('e'),
    short('data'),
    Buffer.from('cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01', 'latin1'),
    ...shape.map(int),
    Buffer.from(
      '\x86cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T',
      'latin1',
    ),
    length,
    data,
    Buffer.from('tbu.'),
  ]);
};
