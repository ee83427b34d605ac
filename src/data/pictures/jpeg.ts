import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Picture } from './rgba.ts';

/** More scans than any encoder writes (the usual progressive script has 10), each of which costs the decoder a pass over the picture. */
const maxScans = 100;

/** The parts of libjpeg's WebAssembly build that are used. */
interface Decoder {
  decode(
    file: Uint8Array,
    turnUpright: boolean,
  ): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray };
}

interface Instance {
  readonly decoder: Decoder;
  /** Complaints of libjpeg since the last picture. */
  readonly complaints: string[];
}

/** Node's types leave WebAssembly to those of the browser. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    compile(code: Uint8Array): Promise<object>;
    Instance: new (module: object, imports: object) => { readonly exports: object };
  };
};

let compiled: Promise<object> | undefined;
let current: Promise<Instance> | undefined;

async function open(): Promise<Instance> {
  compiled ??= readFile(createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm')).then(
    (code) => WebAssembly.compile(code),
  );
  const [code, { default: create }] = await Promise.all([compiled, import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js')]);
  const complaints: string[] = [];
  const decoder: Decoder = await create({
    noInitialRun: true,
    instantiateWasm: (imports: object, done: (instance: object) => void) => {
      const instance = new WebAssembly.Instance(code, imports);
      done(instance);
      return instance.exports;
    },
    printErr: (line: unknown) => complaints.push(String(line)),
  });
  return { decoder, complaints };
}

interface Header {
  readonly width: number;
  readonly height: number;
}

/** What the markers between the start and the end of the picture say (ITU T.81, annex B). Throws Error for a kind that is not read, and where it is cut. */
function readMarkers(bytes: Uint8Array, maxPixels: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cut = () => new Error('truncated: it ends before its end marker');
  let header: Header | undefined;
  let scans = 0;
  for (let at = 2; ; ) {
    // Marker 0 is an 0xff of the data and 0xd0 to 0xd7 are restarts inside a scan; before a marker there may be more of 0xff.
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) throw cut();
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    at += 2;
    if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (marker === 0xd9) break;
    if (marker === 0xd8) throw new Error('it begins twice');
    if (at + 2 > bytes.length) throw cut();
    const length = view.getUint16(at);
    if (length < 2) throw new Error(`its segment at byte ${at - 2} has a length of ${length}`);
    if (at + length > bytes.length) throw cut();
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      if (header) throw new Error('it has two frames');
      if (marker > 0xc2) throw new Error('lossless, hierarchical and arithmetic coding are not read');
      if (length < 8) throw cut();
      const [precision, components] = [bytes[at + 2]!, bytes[at + 7]!];
      header = { height: view.getUint16(at + 3), width: view.getUint16(at + 5) };
      if (precision !== 8) throw new Error(`${precision} bits a sample; 8 are read`);
      if (components === 4) throw new Error('its colours are those of print (CMYK); save it as RGB');
      if (components !== 1 && components !== 3) throw new Error(`${components} colour components`);
      const { width, height } = header;
      if (width === 0 || height === 0 || width * height > maxPixels) throw new Error(`${width} x ${height} pixels`);
    }
    if (marker === 0xda && ++scans > maxScans) throw new Error(`more than ${maxScans} scans`);
    at += length;
  }
  if (!header || scans === 0) throw new Error('it holds no picture');
  return header;
}

/** Complaints that leave the picture as it was meant. */
const harmless = /extraneous bytes before marker|Unknown Adobe color transform|Invalid SOS parameters for sequential/;

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/**
 * Decodes a baseline or progressive JPEG, grey or colour, to the values that libjpeg gives unless told otherwise (accurate integer DCT, smooth
 * upsampling of the chroma planes), with which Pillow, torchvision and most others decode. As there, an orientation in EXIF data is ignored.
 *
 * The decoder is libjpeg in WebAssembly: what a damaged file does to it stays inside.
 *
 * @param maxPixels A picture of more is refused before it is decoded.
 * @throws Error saying what is wrong with the file. What libjpeg would fill with grey is an error here.
 */
export async function decodeJpeg(bytes: Uint8Array, maxPixels: number): Promise<Picture> {
  const { width, height } = readMarkers(bytes, maxPixels);
  current ??= open();
  const { decoder, complaints } = await current;
  complaints.length = 0;
  try {
    const { width: w, height: h, data } = decoder.decode(bytes, false);
    const complaint = complaints.find((line) => !harmless.test(line));
    if (complaint !== undefined) throw new Error(complaint);
    if (w !== width || h !== height || data.length !== 4 * width * height) throw new Error('it says two sizes');
    return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (cause) {
    // Its error exit ends the instance.
    current = undefined;
    throw new Error(complaints.find((line) => !harmless.test(line)) ?? 'it is damaged', { cause });
  } finally {
    // Memory of WebAssembly grows and never shrinks.
    if (width * height > 2 ** 20) current = undefined;
  }
}
