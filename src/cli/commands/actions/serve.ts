import type { ServeRequest } from '../../../schema/index.ts';
import { openApi, startServer } from '../../../server/index.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';

export async function serve({ folder, port, host, openapi }: ServeRequest): Promise<void> {
  if (openapi) {
    process.stdout.write(`${JSON.stringify(openApi(), null, 2)}\n`);
    return;
  }
  // What is in the environment does not stand in the list of processes.
  const server = await startServer({ folder, host, port, token: process.env.BALLAST_TOKEN || undefined });
  process.stdout.write(`${server.address}\n`);
  process.stderr.write('Ctrl-C ends it; studies that it computes save first\n');
  const interrupts = listenForInterrupts();
  await new Promise<void>((resolve) => {
    interrupts.signal.addEventListener('abort', () => resolve());
  });
  await server.close();
  interrupts.end();
}
