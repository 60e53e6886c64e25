import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Turns the signals that end a program into an abort, so that it can clean up first. Further signals are
 * ignored meanwhile: cleaning up takes no longer than removing a file.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #by: (typeof SIGNALS)[number] | undefined;

  constructor() {
    for (const name of SIGNALS) {
      process.on(name, () => {
        this.#by ??= name;
        this.#controller.abort();
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Exit status as a shell reports a death by that signal; undefined if none came. */
  get exitCode(): number | undefined {
    return this.#by === undefined ? undefined : 128 + constants.signals[this.#by];
  }
}
