import { printable } from '../../base/printable.ts';

/** Tells on standard error what a user should know and cannot see. */
export const noteToUser = (note: string): void => {
  process.stderr.write(`note: ${printable(note)}\n`);
};
