// Writes small PNG pictures of four kinds into FOLDER/train/KIND and FOLDER/test/KIND: what the first walk measures.
// node pictures.mjs FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

const size = 8;
/** How far a point, seen from the middle of the figure, is outside of it: below 0 within. */
const kinds = {
  bar: (x, y) => Math.max(Math.abs(x) - 2.5, Math.abs(y) - 0.8),
  cross: (x, y) => Math.max(Math.abs(Math.abs(x) - Math.abs(y)) - 0.7, Math.abs(x) - 2.5),
  disc: (x, y) => Math.hypot(x, y) - 2,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 2.4) - 0.7,
};

let state = 1;
/** Numbers from 0 to 1, the same ones each time (Lehmer). */
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};

function pixels(distance) {
  const [cx, cy, light] = [3.2 + 1.6 * random(), 3.2 + 1.6 * random(), 120 + 80 * random()];
  const tint = [random(), random(), random()];
  const rows = [];
  for (let y = 0; y < size; y++) {
    rows.push(0);
    for (let x = 0; x < size; x++) {
      const drawn = distance(x + 0.5 - cx, y + 0.5 - cy) < 0;
      for (let c = 0; c < 3; c++) rows.push((drawn ? light + 50 * tint[c] : 60) + 40 * (random() - 0.5));
    }
  }
  return Buffer.from(rows);
}

function png(raw) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, size, 0, 0, 0, size, 8, 2, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const [folder = 'pictures'] = process.argv.slice(2);
for (const [split, count] of [['train', 160], ['test', 40]]) {
  for (const [kind, distance] of Object.entries(kinds)) {
    const at = join(folder, split, kind);
    mkdirSync(at, { recursive: true });
    for (let i = 0; i < count; i++) writeFileSync(join(at, `${String(i).padStart(3, '0')}.png`), png(pixels(distance)));
  }
}
