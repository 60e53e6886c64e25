import type { ByteString } from '../base/byte-string.ts';
import { escapeControls } from '../base/display.ts';
import { NodeError } from '../node/error.ts';
import type { Host } from '../node/host/host.ts';
import { BOOT_REPORT_DIRECTORY } from '../node/machine/boot-report.ts';

/** The name of the log in {@link BOOT_REPORT_DIRECTORY}. */
export const LOG_NAME: ByteString = 'immucore.log';

const WORDS = { debug: 'DBG', info: 'INF', warning: 'WRN' } as const;
/** How important a line is. */
export type LogLevel = keyof typeof WORDS;

/** Lines on the console: few enough that they do not drive everything else off it. */
const ANNOUNCED_MAX = 8;

/** Told of each line as it is written. */
export type LogListener = (level: LogLevel, message: string) => void;

/**
 * The log of the boot stage, in lines as the tools of Kairos write them: time, level, sentence. Every line is written at once, so
 * that it is there whatever happens next; where it cannot be written, nothing else fails.
 */
export class BootLog {
  readonly #host: Host;
  readonly #isDebug: () => boolean;
  readonly #listener: LogListener;
  #announced = 0;

  /** @param isDebug Whether lines for finding faults are written, too. */
  constructor(host: Host, isDebug: () => boolean, listener: LogListener = () => undefined) {
    this.#host = host;
    this.#isDebug = isDebug;
    this.#listener = listener;
  }

  debug(message: string): void {
    if (this.#isDebug()) this.#write('debug', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  warning(message: string): void {
    this.#write('warning', message);
  }

  /** A warning that is also shown on the console. */
  announce(message: string): void {
    this.warning(message);
    this.#announced += 1;
    if (this.#announced <= ANNOUNCED_MAX) this.#host.announce(`immucore: ${message}`);
  }

  /** Says on the console how many lines were not shown there. */
  announceRest(): void {
    const rest = this.#announced - ANNOUNCED_MAX;
    const path = `${BOOT_REPORT_DIRECTORY}/${LOG_NAME}`;
    if (rest > 0) this.#host.announce(`immucore: and ${rest} more: see ${path}`);
  }

  #write(level: LogLevel, message: string): void {
    const time = this.#host
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const line = escapeControls(message);
    this.#listener(level, line);
    try {
      using directory = this.#host.openDirectory(BOOT_REPORT_DIRECTORY, { create: true });
      directory?.append(LOG_NAME, Buffer.from(`${time} ${WORDS[level]} ${line}\n`));
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
    }
  }
}
