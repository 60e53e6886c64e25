import type { Outcome } from './judge.ts';
import type { TargetModule } from './target.ts';

/** What a child process is to do. */
export type Order =
  | {
      readonly task: 'fuzz';
      readonly target: TargetModule;
      readonly seed: number;
      /** When to stop, whichever comes first. */
      readonly seconds: number;
      readonly runs: number;
      /** Where the inputs that once were findings are. */
      readonly corpus: string;
      /** Where findings are put. */
      readonly findings: string;
      readonly inFlight: string;
    }
  | { readonly task: 'judge'; readonly target: TargetModule; readonly input: string };

/** How far a child is. */
export interface Progress {
  readonly runs: number;
  readonly seconds: number;
  /** Inputs that are kept for mutation. */
  readonly inputs: number;
  /** Parts of the code that were reached. */
  readonly blocks: number;
}

/** Something that a target must not do. */
export interface Finding {
  readonly kind: 'error' | 'memory' | 'hang' | 'crash';
  readonly text: string;
  /** Path of the saved input. */
  readonly file: string;
}

/** What one input took in a process of its own. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly cpuSeconds: number;
  /** Most memory of the whole process, in bytes. */
  readonly peakMemory: number;
}

/** What a child process says. */
export type Report =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'verdict'; readonly verdict: Verdict };

/** Memory that a process may have in all, in bytes. */
export const MEMORY_MAX = 300 * 1024 * 1024;
/** Seconds of processor time that an input may take. */
export const CPU_MAX = 2;
/** Exit status of a child that took more memory. */
export const EXIT_MEMORY = 77;
/** Exit status of a child whose input took more time. */
export const EXIT_TIME = 78;
