import { StandardOutput } from './standard-output.ts';

/** Where the results of a command go. */
export interface Output {
  write(text: string): unknown;
  /** Characters in a line of a terminal. */
  readonly columns?: number | undefined;
}

/** What the person's terminal can show. */
export interface Terminal {
  /** Where results go. */
  readonly stdout: Output;
  /** Where logs, progress and errors go. */
  readonly stderr: NodeJS.WriteStream;
  /** Whether text on stderr may be coloured (a terminal, and NO_COLOR is not set; see no-color.org). */
  readonly colour: boolean;
  /** Whether a line on stderr may be redrawn. */
  readonly live: boolean;
}

/** Node's streams are loaded by who needs them: most commands print their results and end. */
class ProcessTerminal implements Terminal {
  readonly stdout = new StandardOutput();
  readonly #environment: NodeJS.ProcessEnv;
  #stderr: NodeJS.WriteStream | undefined;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** What cannot be said, since nobody reads it or the disk is full, stops no work. */
  get stderr(): NodeJS.WriteStream {
    this.#stderr ??= process.stderr.on('error', () => undefined);
    return this.#stderr;
  }

  get colour(): boolean {
    return this.live && (this.#environment.NO_COLOR ?? '') === '';
  }

  get live(): boolean {
    return this.stderr.isTTY === true && this.#environment.TERM !== 'dumb';
  }
}

/** The terminal of this process. */
export function processTerminal(environment: NodeJS.ProcessEnv = process.env): Terminal {
  return new ProcessTerminal(environment);
}

const CODES = { red: 31, yellow: 33, green: 32, cyan: 36, dim: 2, bold: 1 } as const;

/** Text in a colour, where the terminal shows colours. */
export function coloured(terminal: Terminal, colour: keyof typeof CODES, text: string): string {
  return terminal.colour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
