import { setTimeout } from 'node:timers/promises';
import { measure, median, type Run } from './measure.ts';

/** Two commands that do the same, run in turn. */
export interface Pairs {
  readonly ours: readonly Run[];
  readonly theirs: readonly Run[];
}

/** A command and where it runs. */
export type Command = readonly string[];

/** Runs two commands in turn, so that what else the machine does hits both. The first pair warms caches and is not counted. */
export async function runPairs(
  name: string,
  ours: Command,
  theirs: Command,
  runs: number,
  cwd: string,
): Promise<Pairs> {
  const pairs = { ours: [] as Run[], theirs: [] as Run[] };
  for (let run = 0; run <= runs; run++) {
    // A server of this process may log, and stands still where nobody reads what it logs.
    await setTimeout(20);
    const a = measure(ours, cwd);
    const b = measure(theirs, cwd);
    if (run === 0) continue;
    pairs.ours.push(a);
    pairs.theirs.push(b);
    console.error(`${name} ${run}/${runs}: ${a.wall.toFixed(2)} s against ${b.wall.toFixed(2)} s`);
  }
  return pairs;
}

/** Median and range of the wall times, in seconds. */
export function seconds(runs: readonly Run[]): string {
  const walls = runs.map(({ wall }) => wall);
  return `${median(walls).toFixed(2)} (${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)})`;
}

/** How many times faster ours is: the median over the pairs. */
export function speedRatio({ ours, theirs }: Pairs): string {
  return median(ours.map((run, index) => theirs[index]!.wall / run.wall)).toFixed(2);
}

/** Largest resident set of any run, MB. */
export function peak(runs: readonly Run[]): string {
  return Math.max(...runs.map((run) => run.peak)).toFixed(0);
}
