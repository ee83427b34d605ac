// Writes the weights of FROM into TO as a distributed training leaves them: every name begins with "module.". Both are safetensors.
// node checkpoint.mjs FROM TO
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
const file = readFileSync(from);
const data = 8 + Number(file.readBigUInt64LE());
const { __metadata__: _, ...tensors } = JSON.parse(file.subarray(8, data).toString());
const renamed = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`module.${name}`, tensor]));
const header = Buffer.from(JSON.stringify(renamed));
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(header.length));
writeFileSync(to, Buffer.concat([length, header, file.subarray(data)]));
