import { fileURLToPath } from 'node:url';
import { type Outcome, type RunOptions, runCommand } from './run-command.ts';

/** The agent of this checkout. */
export const AGENT = fileURLToPath(new URL('../../bin/kairos-agent', import.meta.url));

/** Runs `kairos-agent` from this checkout, without a terminal. */
export function kairosAgent(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runCommand(AGENT, args, options);
}
