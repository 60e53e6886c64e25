/**
 * The one program behind the command names. The launchers pass the name that they were called by as the first argument; the
 * single executable looks at the name that it was called by itself.
 */
import { isSea } from 'node:sea';
import { reportFailure, UsageError } from './failure.ts';
import { programAndArguments } from './program-and-arguments.ts';
import { PROGRAMS } from './programs.ts';
import { runProgram } from './run-program.ts';
import { processTerminal } from './terminal.ts';
import { packageVersion } from './version.ts';

/** As the executable is called where it has none of the names. */
const SELF = 'kairos-sysext';

async function main(): Promise<number> {
  // A reader that went away (`auroraboot … | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const calledBy = isSea() ? process.argv0 : undefined;
  const [name = '', ...args] = programAndArguments(calledBy, process.argv.slice(2), Object.keys(PROGRAMS));
  const load = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  if (load !== undefined) return runProgram(await load(), args);

  const known = Object.keys(PROGRAMS).join(', ');
  if (name === '--version') {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h') {
    process.stdout.write(
      `Usage: ${SELF} COMMAND [arguments], or by a link of the command's name\n\nCommands: ${known}\n`,
    );
    return 0;
  }
  const error = new UsageError(`'${name}' is none of the commands of this program`, `they are: ${known}`);
  return reportFailure(error, processTerminal(), { command: SELF, debug: false, json: false });
}

void main().then((status) => {
  process.exitCode = status;
});
