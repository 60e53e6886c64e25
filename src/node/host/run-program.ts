import { spawn } from 'node:child_process';
import { NodeError } from '../error.ts';
import type { RunOptions, RunResult } from './host.ts';

const OUTPUT_MAX = 1024 * 1024;
const TIMEOUT = 60_000;

/** Runs a program without a shell; see `Host.run`. */
export function runProgram(
  program: string,
  args: readonly string[],
  base: NodeJS.ProcessEnv,
  { environment = {}, timeout = TIMEOUT }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      // Its messages are shown and matched: no colours, no pager, no translation.
      env: { ...base, LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a session of its own: Ctrl-C is for the agent, which must not lose systemd in the middle of merging.
      detached: true,
      // Node takes whole milliseconds only.
      timeout: Math.ceil(timeout),
      killSignal: 'SIGKILL',
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on('error', (cause) => {
      reject(new NodeError('unsupported', `${program} cannot be run: ${cause.message}`, { cause }));
    });
    child.on('close', (status) => {
      resolve({ status: status ?? undefined, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Gathers what a stream brings, up to {@link OUTPUT_MAX} bytes; the rest is read and forgotten. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (piece: Buffer) => {
    const taken = piece.subarray(0, OUTPUT_MAX - size);
    size += taken.length;
    if (taken.length > 0) pieces.push(taken);
  });
  return () => Buffer.concat(pieces).toString('utf8');
}
