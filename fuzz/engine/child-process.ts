import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CPU_MAX, EXIT_MEMORY, EXIT_TIME, type Finding, type Order } from './messages.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** MiB of a child's heap; buffers are outside of it. */
const HEAP_MAX = 200;
/** Seconds of processor time of a process with one input, its start included. */
const PROCESS_CPU_MAX = CPU_MAX + 1;
/** Characters of a child's last words that are kept. */
const LAST_WORDS = 2000;
/** Exit status of Node where a promise is awaited that nothing can fulfil any more. */
const EXIT_UNSETTLED = 13;

/** How a child process ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  readonly lastWords: string;
}

/** Starts a child process. One that judges an input is stopped by the kernel when it took too much processor time. */
export function startChild(order: Order): { process: ChildProcess; ended: Promise<ChildEnd> } {
  const limit = order.task === 'judge' ? `ulimit -S -t ${PROCESS_CPU_MAX};` : '';
  const command = [process.execPath, `--max-old-space-size=${HEAP_MAX}`, CHILD, JSON.stringify(order)];
  const child = spawn('/bin/sh', ['-c', `ulimit -c 0; ${limit} exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let lastWords = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS);
  });
  const ended = once(child, 'close').then(
    ([code, signal]): ChildEnd => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      lastWords,
    }),
  );
  return { process: child, ended };
}

/** What became of an input by which a process did not come to its end. */
export type Failure = Pick<Finding, 'kind' | 'text'>;

/** Why a process ended before it had done what it was to do. */
export function failureOf({ code, signal, lastWords }: ChildEnd): Failure {
  if (/heap limit|out of memory/.test(lastWords)) return { kind: 'memory', text: lastWords };
  if (code === EXIT_MEMORY) return { kind: 'memory', text: 'it took too much memory' };
  if (code === EXIT_TIME || signal === 'SIGXCPU') {
    return { kind: 'hang', text: `it took more than ${CPU_MAX} s of processor time` };
  }
  if (signal === 'SIGKILL') return { kind: 'hang', text: 'it did not end' };
  if (code === EXIT_UNSETTLED) return { kind: 'hang', text: 'it waits for something that never happens' };
  return { kind: 'crash', text: `the process ended with ${signal ?? code}: ${lastWords}` };
}
