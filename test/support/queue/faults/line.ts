import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut: while it is, nothing goes through and nothing is answered, as where a cable is pulled. */
export class Line {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(port: number): Promise<Line> {
    let line: Line | undefined;
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        line!.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          line!.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.on('data', (data) => {
        if (!line!.#cut) far.write(data);
      });
      far.on('data', (data) => {
        if (!line!.#cut) near.write(data);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    line = new Line(server, (server.address() as { port: number }).port);
    return line;
  }

  /** Cuts it for some milliseconds. What was on its way is gone: afterwards the connections are reset. */
  async cutFor(milliseconds: number): Promise<void> {
    this.#cut = true;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    for (const socket of this.#sockets) socket.destroy();
    this.#cut = false;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
