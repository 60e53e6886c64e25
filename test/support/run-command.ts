import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** How a command ended and what it said. */
export interface Outcome {
  /** The command line, for messages. */
  readonly command: string;
  /** Exit status; 128 and the signal's number when a signal ended it, as a shell reports it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What else a command can be given. */
export interface RunOptions {
  /** Working directory; that of the tests when absent. */
  readonly cwd?: string;
  /** Environment variables on top of the tests' own. */
  readonly env?: Readonly<Record<string, string>>;
  /** How output bytes become text: UTF-8, or `latin1`, which keeps every byte (a byte string). */
  readonly encoding?: 'utf8' | 'latin1';
  /** Seconds after which the program is killed, which shows as status 137; no limit when absent. */
  readonly timeout?: number;
}

/** Runs a program without a shell and without standard input, and waits. Rejects only when it cannot be started. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout * 1000, killSignal: 'SIGKILL' }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({
        command: [program, ...args].join(' '),
        status: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        stdout: Buffer.concat(out).toString(options.encoding ?? 'utf8'),
        stderr: Buffer.concat(err).toString(options.encoding ?? 'utf8'),
      });
    });
  });
}

/** The outcome, when it is a success; else an error that shows the command and its words. */
export function succeeded(outcome: Outcome): Outcome {
  if (outcome.status === 0) return outcome;
  throw new Error(
    `${outcome.command}: exit status ${outcome.status}\n${outcome.stderr}${outcome.stdout}`.trimEnd(),
  );
}

/** {@link runCommand}, for commands that must succeed. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<Outcome> {
  return succeeded(await runCommand(program, args, options));
}
