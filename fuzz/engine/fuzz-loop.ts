import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { readCorpus, saveInput } from './corpus.ts';
import type { Coverage } from './coverage.ts';
import { literalsIn } from './dictionary.ts';
import { InFlightWriter } from './in-flight.ts';
import { judge, type Outcome } from './judge.ts';
import {
  CPU_MAX,
  EXIT_MEMORY,
  EXIT_TIME,
  type Finding,
  MEMORY_MAX,
  type Order,
  type Progress,
} from './messages.ts';
import { minimise } from './minimise.ts';
import { mutate } from './mutate.ts';
import { Pool } from './pool.ts';
import { Random } from './random.ts';
import { SIZE_MAX, type Target } from './target.ts';

/** Inputs between two looks at the coverage: the more, the rarer something new turns up. */
const BATCH_MIN = 8;
const BATCH_MAX = 512;
/** Kinds of refusal that are told apart. */
const GISTS_MAX = 100;
/** A target with so many different findings has had enough. */
const FINDINGS_MAX = 5;
const MINIMISE_ATTEMPTS = 4000;
/** Inputs are given to `repair` but for one of so many, so that the checks of check sums are reached too. */
const UNREPAIRED = 8;

type FuzzOrder = Extract<Order, { task: 'fuzz' }>;

/** Mutates inputs, runs the target on them and keeps those that reached something new. */
export class FuzzLoop {
  readonly #target: Target;
  readonly #order: FuzzOrder;
  readonly #coverage: Coverage;
  readonly #random: Random;
  readonly #inFlight: InFlightWriter;
  readonly #report: (finding: Finding) => void;
  readonly #pool = new Pool();
  readonly #gists = new Set<string>();
  readonly #failures = new Set<string>();
  readonly #started = performance.now();
  #dictionary: readonly Uint8Array[] = [];
  #filesRead = 0;
  #runs = 0;

  constructor(target: Target, order: FuzzOrder, coverage: Coverage, report: (finding: Finding) => void) {
    this.#target = target;
    this.#order = order;
    this.#coverage = coverage;
    this.#random = new Random(order.seed);
    this.#inFlight = new InFlightWriter(order.inFlight);
    this.#report = report;
  }

  get progress(): Progress {
    const seconds = (performance.now() - this.#started) / 1000;
    return { runs: this.#runs, seconds, inputs: this.#pool.size, blocks: this.#coverage.blocks };
  }

  /** Goes on until the time is up. `onTurn` is called now and then. */
  async run(onTurn: () => void): Promise<void> {
    for (const { path, input } of readCorpus(this.#order.corpus)) await this.#begin(input, path);
    for (const input of await this.#target.seeds()) await this.#begin(input, undefined);
    for (let batch = BATCH_MIN; !this.#isOver(); ) {
      this.#readSources();
      const inputs: Uint8Array[] = [];
      while (inputs.length < batch && !this.#isOver()) {
        const input = this.#newInput();
        await this.#execute(input);
        inputs.push(input);
      }
      const isNew = await this.#keepNew(inputs, true);
      batch = isNew ? BATCH_MIN : Math.min(2 * batch, BATCH_MAX);
      // Lets messages to the parent out, and timers in.
      await setImmediate();
      onTurn();
    }
    this.#inFlight.close();
  }

  #isOver(): boolean {
    const { runs, seconds } = this.#order;
    if (this.#runs >= runs || this.#failures.size >= FINDINGS_MAX) return true;
    return performance.now() - this.#started >= seconds * 1000;
  }

  async #begin(input: Uint8Array, path: string | undefined): Promise<void> {
    await this.#execute(input, path);
    const reached = this.#coverage.take();
    reached.merge();
    if (path === undefined || reached.isNew) this.#pool.add(input);
  }

  #newInput(): Uint8Array {
    const input = mutate(this.#pool.pick(this.#random), {
      random: this.#random,
      dictionary: this.#dictionary,
      other: this.#pool.pick(this.#random),
      sizeMax: this.#target.sizeMax ?? SIZE_MAX,
    });
    if (!this.#random.oneIn(UNREPAIRED)) this.#target.repair?.(input);
    return input;
  }

  async #execute(input: Uint8Array, path?: string): Promise<void> {
    const outcome = await this.#judge(input);
    if (outcome.kind === 'failed') await this.#fail(input, outcome, path);
    else if (outcome.kind === 'refused' && this.#isNewGist(outcome.gist)) this.#pool.add(input);
  }

  #isNewGist(gist: string): boolean {
    if (this.#gists.has(gist) || this.#gists.size >= GISTS_MAX) return false;
    this.#gists.add(gist);
    return true;
  }

  async #judge(input: Uint8Array): Promise<Outcome> {
    this.#runs += 1;
    this.#inFlight.note(input);
    const before = process.cpuUsage();
    const outcome = await judge(this.#target, input);
    const { user, system } = process.cpuUsage(before);
    // The parent looks whether it is this input that takes so much, in a new process.
    if (user + system > CPU_MAX * 1e6) process.exit(EXIT_TIME);
    if (process.resourceUsage().maxRSS * 1024 > MEMORY_MAX) process.exit(EXIT_MEMORY);
    return outcome;
  }

  /** Saves what failed, as small as it can be made, unless something failed in the same way before. */
  async #fail(input: Uint8Array, { gist, text }: Outcome & { kind: 'failed' }, path?: string): Promise<void> {
    if (this.#failures.has(gist)) return;
    this.#failures.add(gist);
    if (path !== undefined) {
      this.#report({ kind: 'error', text, file: path });
      return;
    }
    const failsLikewise = async (candidate: Uint8Array): Promise<boolean> => {
      this.#target.repair?.(candidate);
      const outcome = await this.#judge(candidate);
      return outcome.kind === 'failed' && outcome.gist === gist;
    };
    const smallest = await minimise(input, failsLikewise, MINIMISE_ATTEMPTS);
    this.#report({ kind: 'error', text, file: saveInput(this.#order.findings, smallest) });
  }

  /** Keeps those of some inputs that reach something new, by halving; `wereRun`: they were, since the last look. */
  async #keepNew(inputs: readonly Uint8Array[], wereRun: boolean): Promise<boolean> {
    if (!wereRun) for (const input of inputs) await this.#judge(input);
    const reached = this.#coverage.take();
    if (!reached.isNew) return false;
    if (inputs.length === 1) {
      reached.merge();
      this.#pool.add(inputs[0]!);
      return true;
    }
    const middle = inputs.length >> 1;
    const isLeftNew = await this.#keepNew(inputs.slice(0, middle), false);
    const isRightNew = await this.#keepNew(inputs.slice(middle), false);
    // What only happens once in a process, such as the first time of something, is of no input.
    reached.merge();
    return isLeftNew || isRightNew;
  }

  /** Takes the words of sources that were reached for the first time. */
  #readSources(): void {
    const { files } = this.#coverage;
    if (files.size === this.#filesRead && this.#dictionary.length > 0) return;
    this.#filesRead = files.size;
    const own = (this.#target.dictionary ?? []).map((word) =>
      typeof word === 'string' ? new Uint8Array(Buffer.from(word, 'latin1')) : word,
    );
    this.#dictionary = [
      ...own,
      ...[...files].sort().flatMap((file) => literalsIn(readFileSync(file, 'utf8'))),
    ];
  }
}
