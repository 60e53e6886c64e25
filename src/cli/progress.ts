import type { Terminal } from './terminal.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** Milliseconds between two drawings: often enough to look alive, too seldom to cost anything. */
const INTERVAL = 100;
/** Milliseconds before the first drawing: what is done sooner needs no progress. */
const DELAY = 400;
const DEFAULT_COLUMNS = 80;

/** One line on stderr that is redrawn while bytes move: stage, bytes, share, rate, time left. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #enabled: boolean;
  readonly #now: () => number;
  #stage = '';
  #total: number | undefined;
  #done = 0;
  #startedAt = 0;
  #drawnAt = 0;
  #visible = false;

  /** `now` is a clock in milliseconds. Nothing is drawn where a line cannot be redrawn, or when `quiet`. */
  constructor(terminal: Terminal, quiet: boolean, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#enabled = terminal.live && !quiet;
    this.#now = now;
  }

  /** Starts a stage; `total` is the number of bytes it will move, where that is known. */
  start(stage: string, total: number | undefined): void {
    this.clear();
    this.#stage = stage;
    this.#total = total;
    this.#done = 0;
    this.#startedAt = this.#now();
    this.#drawnAt = this.#startedAt + DELAY - INTERVAL;
  }

  /** Counts bytes moved. */
  add(bytes: number): void {
    this.#done += bytes;
    if (!this.#enabled) return;
    const now = this.#now();
    if (now - this.#drawnAt < INTERVAL) return;
    this.#drawnAt = now;
    const columns = this.#terminal.stderr.columns || DEFAULT_COLUMNS;
    this.#terminal.stderr.write(`\r\x1b[2K${progressText(this.#state(now), columns - 1)}`);
    this.#visible = true;
  }

  /** Removes the line, so that something else can be printed. */
  clear(): void {
    if (!this.#visible) return;
    this.#terminal.stderr.write('\r\x1b[2K');
    this.#visible = false;
  }

  #state(now: number): ProgressState {
    return {
      stage: this.#stage,
      done: this.#done,
      total: this.#total,
      seconds: (now - this.#startedAt) / 1000,
    };
  }
}

/** What a progress line says. */
export interface ProgressState {
  readonly stage: string;
  /** Bytes moved. */
  readonly done: number;
  /** Bytes to move in all, if known. */
  readonly total: number | undefined;
  readonly seconds: number;
}

/** The text of a progress line in at most `columns` characters; what fits least is left out first. */
export function progressText(state: ProgressState, columns: number): string {
  const { stage, done, total, seconds } = state;
  const rate = seconds > 0 ? done / seconds : 0;
  const known = total !== undefined && total > 0;
  const parts = [
    stage,
    known ? `${formatBytes(done)} of ${formatBytes(total)}` : formatBytes(done),
    ...(known ? [`${Math.min(100, Math.floor((100 * done) / total))} %`] : []),
    ...(rate > 0 ? [`${formatBytes(rate)}/s`] : []),
    ...(known && rate > 0 && done < total ? [`${formatSeconds((total - done) / rate)} left`] : []),
  ];
  while (parts.length > 1 && parts.join('  ').length > columns) parts.pop();
  return parts.join('  ').slice(0, Math.max(0, columns));
}
