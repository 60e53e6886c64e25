import { fileURLToPath } from 'node:url';
import { type Outcome, type RunOptions, runCommand } from './run-command.ts';

/** The boot stage of this checkout. */
export const IMMUCORE = fileURLToPath(new URL('../../bin/immucore', import.meta.url));

/** Runs `immucore` from this checkout, without a terminal. */
export function immucore(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand(IMMUCORE, args, options);
}
