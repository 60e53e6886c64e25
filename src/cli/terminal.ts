/** What the person's terminal can show. */
export interface Terminal {
  /** Where results go. */
  readonly stdout: NodeJS.WriteStream;
  /** Where logs, progress and errors go. */
  readonly stderr: NodeJS.WriteStream;
  /** Whether text on stderr may be coloured (a terminal, and NO_COLOR is not set; see no-color.org). */
  readonly colour: boolean;
  /** Whether a line on stderr may be redrawn. */
  readonly live: boolean;
}

/** The terminal of this process. */
export function processTerminal(environment: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr } = process;
  const dumb = environment.TERM === 'dumb';
  const noColour = (environment.NO_COLOR ?? '') !== '';
  return {
    stdout,
    stderr,
    colour: stderr.isTTY === true && !dumb && !noColour,
    live: stderr.isTTY === true && !dumb,
  };
}

const CODES = { red: 31, yellow: 33, green: 32, cyan: 36, dim: 2, bold: 1 } as const;

/** Text in a colour, where the terminal shows colours. */
export function coloured(terminal: Terminal, colour: keyof typeof CODES, text: string): string {
  return terminal.colour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
