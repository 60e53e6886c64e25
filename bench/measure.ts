import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One run of a command as the kernel accounts for it. */
export interface Run {
  /** Seconds from start to end. */
  readonly wall: number;
  /** Seconds of processor time, of it and of all it started. */
  readonly cpu: number;
  /** Largest resident set of any of its processes, MB. */
  readonly peak: number;
}

/** Runs a command once under GNU time. Throws with what it printed if it fails. */
export function measure(command: readonly string[], cwd: string): Run {
  const directory = mkdtempSync(join(tmpdir(), 'measure-'));
  try {
    const report = join(directory, 'report');
    const args = ['-f', '%e %U %S %M', '-o', report, ...command];
    // Loading the machine's own extra certificates is no part of either side.
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: '' };
    const { status, stderr, error } = spawnSync('/usr/bin/time', args, { cwd, env, encoding: 'utf8' });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`${command.join(' ')} failed (${status}):\n${stderr}`);
    const [wall, user, system, peak] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
    return { wall: wall!, cpu: user! + system!, peak: peak! / 1000 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
