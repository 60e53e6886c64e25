import { Command, CommanderError } from 'commander';
import { InterruptedError, reportFailure } from './failure.ts';
import { Interruption } from './interruption.ts';
import type { Invocation } from './invocation.ts';
import type { Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

/** Exit status for a wrong command line. */
const USAGE = 2;
/** Characters in a line of help where it is shown on no terminal. */
const HELP_WIDTH = 80;

/** A program with commands. */
export interface Program {
  /** As it is called on the command line. */
  readonly name: string;
  readonly description: string;
  /** Shown under the help. */
  readonly example: string;
  /** Adds options and commands. */
  readonly build: (program: Command, invocation: Invocation) => void;
}

/** Runs a program with these arguments and returns its exit status. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const interruption = new Interruption();
  const invocation: Invocation = {
    terminal,
    signal: interruption.signal,
    environment: process.env,
    exitStatus: 0,
  };
  try {
    await commandTree(program, invocation).parseAsync(args, { from: 'user' });
    return invocation.exitStatus;
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    const { exitCode } = interruption;
    const status = reportFailure(exitCode === undefined ? error : new InterruptedError(error), terminal, {
      command: program.name,
      debug: args.includes('--debug'),
      json: args.includes('--json'),
    });
    return exitCode ?? status;
  }
}

/** The commands of a program. */
export function commandTree({ name, description, example, build }: Program, invocation: Invocation): Command {
  const command = new Command(name)
    .description(description)
    .version(packageVersion())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void invocation.terminal.stdout.write(text),
      writeErr: (text) => void invocation.terminal.stderr.write(text),
      getOutHelpWidth: () => invocation.terminal.stdout.columns ?? HELP_WIDTH,
      getOutHasColors: () => false,
      outputError: (text, write) => {
        write(text.replace(/^error:/, `${name}: error:`));
      },
    })
    .showHelpAfterError('  hint: add --help to see what the command takes')
    .addHelpText('after', example);
  build(command, invocation);
  return command;
}
