import { escapeControls } from '../base/display.ts';
import { CodedError } from '../base/error.ts';
import { coloured, type Terminal } from './terminal.ts';

/** The command line itself is wrong: exit status 2. */
export class UsageError extends CodedError<'usage'> {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;

  constructor(message: string, hint?: string) {
    super('usage', message, hint === undefined ? {} : { hint });
  }
}

/** The person ended the command. */
export class InterruptedError extends CodedError<'interrupted'> {
  override readonly name = 'InterruptedError';
  override readonly exitCode = 1;

  /** @param cause What the interruption brought up where it hit. */
  constructor(cause: unknown) {
    super('interrupted', 'interrupted; nothing was written', { cause });
  }
}

/** How a failure is shown. */
export interface FailureOptions {
  readonly command: string;
  readonly debug: boolean;
  readonly json: boolean;
}

/** Shows why a command failed, on stderr and with `--json` also as data on stdout. Returns the exit status. */
export function reportFailure(error: unknown, terminal: Terminal, options: FailureOptions): number {
  const { command, debug, json } = options;
  const coded = error instanceof CodedError ? error : undefined;
  const message = coded?.message ?? `unexpected: ${error instanceof Error ? error.message : String(error)}`;
  const hint =
    coded === undefined
      ? 'this is a fault of the program; run it again with --debug and report it'
      : coded.hint;
  terminal.stderr.write(`${command}: ${coloured(terminal, 'red', 'error:')} ${escapeControls(message)}\n`);
  if (hint !== undefined)
    terminal.stderr.write(`  ${coloured(terminal, 'dim', 'hint:')} ${escapeControls(hint)}\n`);
  if (debug) terminal.stderr.write(`${stackOf(error)}\n`);
  if (json) {
    const data = {
      error: { code: coded?.code ?? 'internal', message, ...(hint === undefined ? {} : { hint }) },
    };
    terminal.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  }
  return coded?.exitCode ?? 1;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
