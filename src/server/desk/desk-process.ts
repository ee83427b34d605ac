/** The process that reads files for a server, started by `Desk` and by nobody else. It ends when its parent does. */
import { BallastError, FileError, reasonOf } from '../../base/errors.ts';
import { loadExtensions } from '../../base/extensions.ts';
import { ServedFolder } from '../served-folder.ts';
import { answering } from './answering.ts';
import type { FromDesk, ToDesk } from './messages.ts';
import { Watch } from './watch.ts';

const tell = (message: FromDesk) => {
  if (process.connected) process.send!(message);
};
process.on('disconnect', () => process.exit());
// Ctrl-C is for the server, which ends this process when it ends.
process.on('SIGINT', () => {});

await loadExtensions();
const folder = await ServedFolder.open(process.argv[2]!);
// Paths in requests are below it.
process.chdir(folder.root);
const { answer, studies } = answering(folder, () => tell({ folder: Date.now() }));
const watch = new Watch(folder, studies, tell);

process.on('message', (message: ToDesk) => {
  if ('watch' in message) {
    watch.on = message.watch;
    return;
  }
  const { id } = message;
  answer(message).then(
    (value) => tell({ id, value }),
    (error: unknown) => {
      const status = error instanceof FileError ? 404 : error instanceof BallastError ? 400 : 500;
      tell({ id, error: folder.told(reasonOf(error)), status });
    },
  );
});
