import type { Terminal } from '../terminal.ts';

/** What a command needs to know of the process it runs in. */
export interface Invocation {
  readonly terminal: Terminal;
  /** Aborts when the person wants the command to end. */
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
}
