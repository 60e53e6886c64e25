import { type Profiler, Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';

/** The engine measures; it is not what is measured. */
const ENGINE = new URL('./', import.meta.url).href;

type Functions = readonly { readonly url: string; readonly coverage: Profiler.FunctionCoverage }[];

/** What was reached between two looks at it. */
export interface Reached {
  /** Whether there is something in it that was never reached before it was merged. */
  readonly isNew: boolean;
  /** Takes it for known from now on. */
  merge(): void;
}

/**
 * Which parts of the code were ever reached, by V8's own counters of blocks, which cost little to keep and about a
 * millisecond to look at. Start it before what is measured is loaded.
 */
export class Coverage {
  readonly #session = new Session();
  /** By script and function: one byte for every character of the function, 1 if it was ever reached. */
  readonly #known = new Map<string, Uint8Array>();
  readonly #files = new Set<string>();
  #blocks = 0;

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many parts of the code came to be known, each by itself. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Paths of the sources that were reached. */
  get files(): ReadonlySet<string> {
    return this.#files;
  }

  /** What was reached since the last look. */
  take(): Reached {
    const functions = this.#functions();
    return {
      isNew: functions.some((each) => this.#visit(each, false) > 0),
      merge: () => {
        for (const each of functions) this.#blocks += this.#visit(each, true);
      },
    };
  }

  #functions(): Functions {
    let result: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      result = answer.result;
    });
    return result
      .filter(({ url }) => url.startsWith('file:') && !url.startsWith(ENGINE))
      .flatMap(({ url, functions }) => functions.map((coverage) => ({ url, coverage })));
  }

  /** How many stretches of a function are new. */
  #visit({ url, coverage: { ranges } }: Functions[number], isMerged: boolean): number {
    const { startOffset: start, endOffset: end, count } = ranges[0]!;
    if (count === 0) return 0;
    const key = `${url}:${start}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      if (!isMerged) return 1;
      known = new Uint8Array(end - start);
      this.#known.set(key, known);
      if (!url.includes('/node_modules/')) this.#files.add(fileURLToPath(url));
    }
    // Ranges are nested, each after the one around it.
    const reached = new Uint8Array(end - start);
    for (const { startOffset, endOffset, count } of ranges) {
      reached.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
    }
    let stretches = 0;
    let isStretch = false;
    for (let at = 0; at < reached.length; at++) {
      const isNew = reached[at]! > known[at]!;
      if (isNew && !isStretch) stretches += 1;
      if (isNew && isMerged) known[at] = 1;
      isStretch = isNew;
    }
    return stretches;
  }
}
