import { escapeControls } from '../base/display.ts';
import { coloured, type Terminal } from './terminal.ts';

/** How much of the log is shown: `quiet` only warnings, `debug` also what helps to find a fault. */
export type Verbosity = 'quiet' | 'normal' | 'debug';

const LEVELS = {
  debug: { word: 'DBG', colour: 'dim', shown: ['debug'] },
  info: { word: 'INF', colour: 'green', shown: ['normal', 'debug'] },
  warning: { word: 'WRN', colour: 'yellow', shown: ['quiet', 'normal', 'debug'] },
} as const;

/**
 * Log lines on stderr as the tools of Kairos print them: time, level, sentence, then `key=value` fields.
 *
 * `2024-09-16T14:59:37Z INF 🎉 Done sysext creation output=/build/grype.sysext.raw`
 */
export class Log {
  readonly #terminal: Terminal;
  readonly #verbosity: Verbosity;
  readonly #now: () => Date;
  /** Called before a line is printed, to clear a progress display that is in its way. */
  beforeLine: () => void = () => undefined;

  constructor(terminal: Terminal, verbosity: Verbosity, now: () => Date = () => new Date()) {
    this.#terminal = terminal;
    this.#verbosity = verbosity;
    this.#now = now;
  }

  debug(message: string, fields?: Readonly<Record<string, string | number>>): void {
    this.#line('debug', message, fields);
  }

  info(message: string, fields?: Readonly<Record<string, string | number>>): void {
    this.#line('info', message, fields);
  }

  warning(message: string, fields?: Readonly<Record<string, string | number>>): void {
    this.#line('warning', message, fields);
  }

  #line(
    level: keyof typeof LEVELS,
    message: string,
    fields: Readonly<Record<string, string | number>> = {},
  ): void {
    const { word, colour, shown } = LEVELS[level];
    if (!(shown as readonly Verbosity[]).includes(this.#verbosity)) return;
    const time = this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const pairs = Object.entries(fields).map(
      ([key, value]) => ` ${coloured(this.#terminal, 'cyan', `${key}=`)}${escapeControls(String(value))}`,
    );
    this.beforeLine();
    this.#terminal.stderr.write(
      `${coloured(this.#terminal, 'dim', time)} ${coloured(this.#terminal, colour, word)} ${escapeControls(message)}${pairs.join('')}\n`,
    );
  }
}
