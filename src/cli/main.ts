/**
 * The one program behind the command names. The launchers pass the name that they were called by as the first argument; the
 * single executable looks at the name that it was called by itself.
 */
import { isSea } from 'node:sea';
import { reportFailure, UsageError } from './failure.ts';
import { programAndArguments } from './program-and-arguments.ts';
import { PROGRAMS } from './programs.ts';
import { runProgram } from './run-program.ts';
import { processTerminal, type Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

/** As the executable is called where it has none of the names. */
const SELF = 'kairos-sysext';

async function main(terminal: Terminal): Promise<number> {
  const calledBy = isSea() ? process.argv0 : undefined;
  const [name = '', ...args] = programAndArguments(calledBy, process.argv.slice(2), Object.keys(PROGRAMS));
  const load = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  if (load !== undefined) return runProgram(await load(), args, terminal);

  const known = Object.keys(PROGRAMS).join(', ');
  if (name === '--version') {
    terminal.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h') {
    terminal.stdout.write(
      `Usage: ${SELF} COMMAND [arguments], or by a link of the command's name\n\nCommands: ${known}\n`,
    );
    return 0;
  }
  throw new UsageError(`'${name}' is none of the commands of this program`, `they are: ${known}`);
}

const terminal = processTerminal();
void main(terminal)
  .catch((error: unknown) => reportFailure(error, terminal, { command: SELF, debug: false, json: false }))
  .then((status) => {
    process.exitCode = status;
  });
