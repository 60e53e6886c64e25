import { Command, CommanderError } from 'commander';
import { InterruptedError, reportFailure } from '../failure.ts';
import { Interruption } from '../interruption.ts';
import { processTerminal } from '../terminal.ts';
import { packageVersion } from '../version.ts';
import { extensionCommand } from './extension-command.ts';
import { genkeyCommand } from './genkey-command.ts';
import { inspectCommand } from './inspect-command.ts';
import type { Invocation } from './invocation.ts';

import { orderCommand } from './order-command.ts';
import { verifyCommand } from './verify-command.ts';

/** Exit status for a wrong command line. */
const USAGE = 2;

const EXAMPLE = `
Example:
  auroraboot genkey mylab --output keys
  auroraboot sysext --private-key=keys/db.key --certificate=keys/db.pem grype docker.io/anchore/grype:latest`;

/** Runs `auroraboot` with these arguments and returns its exit status. */
export async function run(args: readonly string[]): Promise<number> {
  const terminal = processTerminal();
  const interruption = new Interruption();
  const invocation: Invocation = {
    terminal,
    signal: interruption.signal,
    environment: process.env,
    exitStatus: 0,
  };
  const program = auroraboot(invocation);
  try {
    await program.parseAsync(args, { from: 'user' });
    return invocation.exitStatus;
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    const { exitCode } = interruption;
    const status = reportFailure(exitCode === undefined ? error : new InterruptedError(error), terminal, {
      command: 'auroraboot',
      debug: args.includes('--debug'),
      json: args.includes('--json'),
    });
    return exitCode ?? status;
  }
}

/** The command tree of `auroraboot`. */
export function auroraboot(invocation: Invocation): Command {
  const program = new Command('auroraboot')
    .description(
      'Builds signed system extensions (sysext, confext) for immutable Linux, without root or Docker.',
    )
    .version(packageVersion())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void invocation.terminal.stdout.write(text),
      writeErr: (text) => void invocation.terminal.stderr.write(text),
      outputError: (text, write) => {
        write(text.replace(/^error:/, 'auroraboot: error:'));
      },
    })
    .showHelpAfterError('  hint: add --help to see what the command takes')
    .addHelpText('after', EXAMPLE);
  for (const command of [
    extensionCommand('sysext', invocation),
    extensionCommand('confext', invocation),
    inspectCommand(invocation),
    verifyCommand(invocation),
    orderCommand(invocation),
    genkeyCommand(invocation),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}
