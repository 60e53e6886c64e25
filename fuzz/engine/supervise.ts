import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { saveInput } from './corpus.ts';
import { readInFlight } from './in-flight.ts';
import {
  EXIT_MEMORY,
  type Finding,
  MEMORY_MAX,
  type Order,
  type Progress,
  type Report,
  type Verdict,
} from './messages.ts';
import { minimise } from './minimise.ts';
import type { TargetModule } from './target.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** MiB of a child's heap; buffers are outside of it. */
const HEAP_MAX = 200;
/** Seconds of one input after which a child is stopped, and its input looked at by itself. */
const SUSPICIOUS_SECONDS = 2;
/** Seconds of processor time that an input may take. */
const CPU_MAX = 2;
/** Seconds after which an input by itself is given up; the machine may have much else to do. */
const PATIENCE = 15;
/** How often an input is tried that ends its process: each takes as long as a start of Node, or {@link PATIENCE}. */
const MINIMISE_ATTEMPTS = 24;
/** Characters of a child's last words that are kept. */
const LAST_WORDS = 2000;

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Most executions; infinite if not given. */
  readonly runs?: number;
  /** Folder of the inputs that once were findings. */
  readonly corpus: string;
  /** Folder for new findings. */
  readonly findings: string;
}

export interface FuzzReport extends Progress {
  readonly findings: readonly Finding[];
}

/** Fuzzes a target in child processes until its time is up, or an input ended one of them. */
export async function fuzzTarget(target: TargetModule, options: FuzzOptions): Promise<FuzzReport> {
  const scratch = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const inFlight = join(scratch, 'in-flight');
  const findings: Finding[] = [];
  const total = { runs: 0, seconds: 0, inputs: 0, blocks: 0 };
  try {
    for (let round = 0; ; round++) {
      rmSync(inFlight, { force: true });
      const { corpus, findings: directory } = options;
      const seconds = options.seconds - total.seconds;
      const runs = (options.runs ?? Number.MAX_SAFE_INTEGER) - total.runs;
      if (seconds <= 0 || runs <= 0) break;
      const seed = options.seed + round;
      const end = await runChild({
        task: 'fuzz',
        target,
        seed,
        seconds,
        runs,
        corpus,
        findings: directory,
        inFlight,
      });
      findings.push(...end.findings);
      total.runs += end.progress.runs;
      total.seconds += end.progress.seconds;
      total.inputs = Math.max(total.inputs, end.progress.inputs);
      total.blocks = Math.max(total.blocks, end.progress.blocks);
      if (end.reason === undefined) break;
      const last = existsSync(inFlight) ? readInFlight(inFlight) : undefined;
      if (last === undefined) throw new Error(`${target.name}: it cannot be run: ${end.reason}`);
      const finding = await lookInto(target, last.input, directory, scratch, end.reason);
      if (finding === undefined) continue;
      findings.push(finding);
      break;
    }
    return { ...total, findings };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Runs a target on one input in a process of its own. */
export async function judgeAlone(target: TargetModule, input: string): Promise<Verdict | Failure> {
  const child = start({ task: 'judge', target, input });
  let verdict: Verdict | undefined;
  child.process.on('message', (message: Report) => {
    if (message.type === 'verdict') verdict = message.verdict;
  });
  const timer = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE * 1000);
  const { code, lastWords } = await child.ended;
  clearTimeout(timer);
  if (verdict === undefined) return failureOf(code, lastWords);
  if (verdict.cpuSeconds > CPU_MAX) {
    return { kind: 'hang', text: `it took ${verdict.cpuSeconds.toFixed(1)} s of processor time` };
  }
  if (verdict.peakMemory > MEMORY_MAX) {
    return { kind: 'memory', text: `it took ${Math.round(verdict.peakMemory / 2 ** 20)} MiB of memory` };
  }
  return verdict;
}

/** What became of an input by which a process did not come to its end. */
export type Failure = Pick<Finding, 'kind' | 'text'>;

function failureOf(code: number | null, lastWords: string): Failure {
  // Only the timer kills it so.
  if (code === null && lastWords === '') return { kind: 'hang', text: `it did not end within ${PATIENCE} s` };
  if (/heap limit|out of memory/.test(lastWords)) return { kind: 'memory', text: lastWords };
  if (code === 13) return { kind: 'hang', text: 'it waits for something that never happens' };
  return { kind: 'crash', text: `the process ended with ${code ?? 'a signal'}: ${lastWords}` };
}

/** Whether it is this input by itself that ends a process; the finding, with its input made smaller, if it is. */
async function lookInto(
  target: TargetModule,
  input: Uint8Array,
  directory: string,
  scratch: string,
  reason: string,
): Promise<Finding | undefined> {
  const path = join(scratch, 'input');
  const failure = async (candidate: Uint8Array): Promise<Failure | undefined> => {
    writeFileSync(path, candidate);
    const verdict = await judgeAlone(target, path);
    return 'kind' in verdict ? verdict : undefined;
  };
  const first = await failure(input);
  if (first === undefined) {
    // Too slow because of the machine, or too much garbage of other inputs. A process that ended by itself is no such.
    if (reason === SLOW || reason === LARGE) return undefined;
    return {
      kind: 'crash',
      text: `${reason}, but not by this input alone`,
      file: saveInput(directory, input),
    };
  }
  const smallest = await minimise(
    input,
    async (candidate) => (await failure(candidate))?.kind === first.kind,
    first.kind === 'hang' ? Math.ceil(MINIMISE_ATTEMPTS / 4) : MINIMISE_ATTEMPTS,
  );
  return { ...first, file: saveInput(directory, smallest) };
}

const SLOW = 'an input took too long';
const LARGE = 'the process grew too large';

interface ChildEnd {
  readonly progress: Progress;
  readonly findings: readonly Finding[];
  /** Why it ended before its time. */
  readonly reason: string | undefined;
}

async function runChild(order: Order & { task: 'fuzz' }): Promise<ChildEnd> {
  const child = start(order);
  const findings: Finding[] = [];
  let progress: Progress = { runs: 0, seconds: 0, inputs: 0, blocks: 0 };
  child.process.on('message', (message: Report) => {
    if (message.type === 'progress') progress = message.progress;
    if (message.type === 'finding') findings.push(message.finding);
  });
  const began = performance.now();
  const watch = watchInFlight(order.inFlight, child.process);
  const { code, lastWords } = await child.ended;
  clearInterval(watch.timer);
  if (code === 0) return { progress, findings, reason: undefined };
  const reason = watch.isSlow() ? SLOW : code === EXIT_MEMORY ? LARGE : failureOf(code, lastWords).text;
  // Counts the time even if nothing was reported, so that it comes to an end.
  return { progress: { ...progress, seconds: (performance.now() - began) / 1000 }, findings, reason };
}

/** Stops a process that stays with one input. */
function watchInFlight(
  path: string,
  process: ChildProcess,
): { timer: NodeJS.Timeout; isSlow: () => boolean } {
  const count = Buffer.alloc(4);
  let seen = -1;
  let since = performance.now();
  let isSlow = false;
  const timer = setInterval(() => {
    if (!existsSync(path)) return;
    readFileSync(path).copy(count, 0, 0, 4);
    const current = count.readUInt32LE();
    if (current !== seen) {
      seen = current;
      since = performance.now();
    } else if (current > 0 && performance.now() - since > SUSPICIOUS_SECONDS * 1000) {
      isSlow = true;
      process.kill('SIGKILL');
    }
  }, 250);
  return { timer, isSlow: () => isSlow };
}

function start(order: Order): {
  process: ChildProcess;
  ended: Promise<{ code: number | null; lastWords: string }>;
} {
  const process = fork(CHILD, [JSON.stringify(order)], {
    execArgv: [`--max-old-space-size=${HEAP_MAX}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let lastWords = '';
  process.stderr!.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  const ended = once(process, 'close').then(([code]) => ({ code: code as number | null, lastWords }));
  return { process, ended };
}
