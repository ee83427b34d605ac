import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** Whose the other end of a connection is, by connection: asked for once each. */
const known = new WeakMap<Socket, Promise<number | undefined>>();

/** What Linux lists of connections: the place of either end, and the user who has the first. */
const tables = ['/proc/net/tcp', '/proc/net/tcp6'];

const hexPort = (port: number | undefined) => (port ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** Users by the ports of both ends. */
async function readTables(): Promise<ReadonlyMap<string, number>> {
  const users = new Map<string, number>();
  for (const table of tables) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const [, local = '', remote = '', , , , , user] = line.trim().split(/\s+/);
      if (user !== undefined) users.set(`${local.slice(-4)} ${remote.slice(-4)}`, Number(user));
    }
  }
  return users;
}

let reading: Promise<unknown> = Promise.resolve();
let next: Promise<ReadonlyMap<string, number>> | undefined;

/** The tables as they are from now on: who asks while they are read waits for the next reading, and shares it. */
function freshTables(): Promise<ReadonlyMap<string, number>> {
  if (!next) {
    next = reading.then(() => {
      next = undefined;
      return readTables();
    });
    reading = next;
  }
  return next;
}

async function lookUp({ remotePort, localPort }: Socket): Promise<number | undefined> {
  return (await freshTables()).get(`${hexPort(remotePort)} ${hexPort(localPort)}`);
}

/** Number of the user whose program is at the other end of a connection of this machine; undefined where the system does not say. */
export function userAtOtherEnd(socket: Socket): Promise<number | undefined> {
  const found = known.get(socket) ?? lookUp(socket);
  known.set(socket, found);
  return found;
}
