import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Failure, failureOf, startChild } from './child-process.ts';
import { saveInput } from './corpus.ts';
import { readInFlight } from './in-flight.ts';
import {
  CPU_MAX,
  type Finding,
  MEMORY_MAX,
  type Order,
  type Progress,
  type Report,
  type Verdict,
} from './messages.ts';
import { minimise } from './minimise.ts';
import type { TargetModule } from './target.ts';

/** Seconds of one input after which a child is stopped, and its input looked at by itself. */
const SUSPICIOUS_SECONDS = 5;
/** Seconds after which an input by itself is given up that does not even compute. */
const PATIENCE = 30;
/** How often a smaller input is tried for one that ends its process: each try takes a start of Node. */
const MINIMISE_ATTEMPTS = 24;
/** The same for one that does not end by itself. */
const MINIMISE_HANG_ATTEMPTS = 3;
const NO_PROGRESS: Progress = { runs: 0, seconds: 0, inputs: 0, blocks: 0 };

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
  const { corpus, findings: directory } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const inFlight = join(scratch, 'in-flight');
  const findings: Finding[] = [];
  let total = NO_PROGRESS;
  try {
    for (let round = 0; ; round++) {
      rmSync(inFlight, { force: true });
      const limits = {
        seconds: options.seconds - total.seconds,
        runs: (options.runs ?? Number.MAX_SAFE_INTEGER) - total.runs,
      };
      if (limits.seconds <= 0 || limits.runs <= 0) break;
      const seed = options.seed + round;
      const end = await runChild({
        task: 'fuzz',
        target,
        seed,
        ...limits,
        corpus,
        findings: directory,
        inFlight,
      });
      findings.push(...end.findings);
      total = sum(total, end.progress);
      if (end.failure === undefined) break;
      const last = existsSync(inFlight) ? readInFlight(inFlight) : undefined;
      if (last === undefined) throw new Error(`${target.name} cannot be run: ${end.failure.text}`);
      const finding = await lookInto(target, last.input, end.failure, { directory, scratch });
      if (finding === undefined) continue;
      findings.push(finding);
      break;
    }
    return { ...total, findings };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function sum(total: Progress, { runs, seconds, inputs, blocks }: Progress): Progress {
  return {
    runs: total.runs + runs,
    seconds: total.seconds + seconds,
    inputs: Math.max(total.inputs, inputs),
    blocks: Math.max(total.blocks, blocks),
  };
}

/** Runs a target on one input in a process of its own. */
export async function judgeAlone(target: TargetModule, input: string): Promise<Verdict | Failure> {
  const child = startChild({ task: 'judge', target, input });
  let verdict: Verdict | undefined;
  child.process.on('message', (message: Report) => {
    if (message.type === 'verdict') verdict = message.verdict;
  });
  const timer = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE * 1000);
  const end = await child.ended;
  clearTimeout(timer);
  if (verdict === undefined) return failureOf(end);
  if (verdict.cpuSeconds > CPU_MAX) {
    return { kind: 'hang', text: `it took ${verdict.cpuSeconds.toFixed(1)} s of processor time` };
  }
  if (verdict.peakMemory > MEMORY_MAX) {
    return { kind: 'memory', text: `it took ${Math.round(verdict.peakMemory / 2 ** 20)} MiB of memory` };
  }
  return verdict;
}

/** Whether it is this input by itself that ends a process; the finding, with its input made smaller, if it is. */
async function lookInto(
  target: TargetModule,
  input: Uint8Array,
  suspicion: Failure,
  { directory, scratch }: { readonly directory: string; readonly scratch: string },
): Promise<Finding | undefined> {
  const path = join(scratch, 'input');
  const failure = async (candidate: Uint8Array): Promise<Failure | undefined> => {
    writeFileSync(path, candidate);
    const verdict = await judgeAlone(target, path);
    return 'kind' in verdict ? verdict : undefined;
  };
  const first = await failure(input);
  if (first === undefined) {
    // The machine may be slow, and other inputs leave garbage behind; but a crash needs a cause.
    if (suspicion.kind !== 'crash') return undefined;
    return {
      kind: 'crash',
      text: `not by this input alone: ${suspicion.text}`,
      file: saveInput(directory, input),
    };
  }
  const smallest = await minimise(
    input,
    async (candidate) => (await failure(candidate))?.kind === first.kind,
    first.kind === 'hang' ? MINIMISE_HANG_ATTEMPTS : MINIMISE_ATTEMPTS,
  );
  return { ...first, file: saveInput(directory, smallest) };
}

interface FuzzEnd {
  readonly progress: Progress;
  readonly findings: readonly Finding[];
  /** Why it ended before its time. */
  readonly failure: Failure | undefined;
}

async function runChild(order: Order & { task: 'fuzz' }): Promise<FuzzEnd> {
  const child = startChild(order);
  const findings: Finding[] = [];
  let progress = NO_PROGRESS;
  child.process.on('message', (message: Report) => {
    if (message.type === 'progress') progress = message.progress;
    if (message.type === 'finding') findings.push(message.finding);
  });
  const began = performance.now();
  const timer = watch(order.inFlight, child.process);
  const end = await child.ended;
  clearInterval(timer);
  if (end.code === 0) return { progress, findings, failure: undefined };
  // Counts the time even if nothing was reported, so that it comes to an end.
  return {
    progress: { ...progress, seconds: (performance.now() - began) / 1000 },
    findings,
    failure: failureOf(end),
  };
}

/** Stops a process that stays with one input. */
function watch(inFlight: string, child: ChildProcess): NodeJS.Timeout {
  let seen = 0;
  let since = performance.now();
  return setInterval(() => {
    const count = existsSync(inFlight) ? (readInFlight(inFlight)?.count ?? 0) : 0;
    if (count !== seen) {
      seen = count;
      since = performance.now();
    } else if (count > 0 && performance.now() - since > SUSPICIOUS_SECONDS * 1000) {
      child.kill('SIGKILL');
    }
  }, 250);
}
