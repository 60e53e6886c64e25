import type { Terminal } from './terminal.ts';

/** What a command needs to know of the process it runs in. */
export interface Invocation {
  readonly terminal: Terminal;
  /** Aborts when the person wants the command to end. */
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** The exit status of a command that did its work, which may end with bad news: 0 unless the command sets it. */
  exitStatus: number;
}
