import { readFileSync } from 'node:fs';
import { type Outcome, runCommand, succeeded } from './run-command.ts';

/** The system calls that change a file system. */
const CHANGES =
  'mkdir,mkdirat,rename,renameat,renameat2,symlink,symlinkat,unlink,unlinkat,fsync,fdatasync,ftruncate,fchmod,pwrite64';

/**
 * How often a program makes each of the system calls that change a file system, in the thread that makes it most often.
 *
 * @param log A file to write what strace says to.
 */
export async function changingCalls(
  program: string,
  args: readonly string[],
  log: string,
): Promise<[call: string, count: number][]> {
  const trace = ['-f', '-qq', '-o', log, '-e', `trace=${CHANGES}`];
  succeeded(await runCommand('strace', [...trace, program, ...args]));
  const counts = new Map<string, number>();
  for (const [, thread, call] of readFileSync(log, 'utf8').matchAll(/^(\d+) +(\w+)\(/gm)) {
    const key = `${thread} ${call}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const most = new Map<string, number>();
  for (const [key, count] of counts) {
    const call = key.split(' ')[1]!;
    most.set(call, Math.max(count, most.get(call) ?? 0));
  }
  return [...most];
}

/** Runs a program and kills it when it makes a system call for the `when`-th time. */
export function killAtCall(
  call: string,
  when: number,
  program: string,
  args: readonly string[],
): Promise<Outcome> {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${when}`];
  return runCommand('strace', ['-f', '-qq', '-o', '/dev/null', ...inject, program, ...args]);
}
