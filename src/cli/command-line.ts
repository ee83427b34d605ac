/** The command line of this process, run to its end. */

import { runCommandLine } from './run.ts';
import { guardOutput } from './terminal/guarded-output.ts';
import { guardStreams } from './terminal/streams.ts';

guardStreams();
guardOutput(process.stdout);
guardOutput(process.stderr);

const code = await runCommandLine(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
