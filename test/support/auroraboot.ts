import { fileURLToPath } from 'node:url';
import { type Outcome, type RunOptions, runCommand } from './run-command.ts';

const program = fileURLToPath(new URL('../../bin/auroraboot', import.meta.url));

/** Runs `auroraboot` from this checkout, without a terminal. */
export function auroraboot(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand(program, args, options);
}
