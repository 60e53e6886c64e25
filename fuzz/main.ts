/** `npm run fuzz`: see docs/fuzzing.md. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type FuzzReport, fuzzTarget, judgeAlone } from './engine/supervise.ts';
import type { TargetModule } from './engine/target.ts';
import { corpusOf, findingsOf, targets } from './targets.ts';

const USAGE = `usage: npm run fuzz -- [TARGET...] [--seconds N] [--runs N] [--seed N] [--jobs N]
       npm run fuzz -- TARGET --replay FILE
targets: ${targets.map(({ name }) => name).join(' ')}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    // One more than there are processors, since starting and looking into findings is waiting.
    jobs: { type: 'string', default: `${Math.min(availableParallelism() + 1, 4)}` },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const chosen = positionals.length === 0 ? targets : positionals.map(targetOf);
process.exitCode = values.replay === undefined ? await fuzz() : await replay(values.replay);

function targetOf(name: string): TargetModule {
  return targets.find((target) => target.name === name) ?? usage(`there is no target ${name}`);
}

function usage(problem: string): never {
  console.error(`fuzz: ${problem}\n${USAGE}`);
  process.exit(2);
}

function count(text: string, flag: string): number {
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number) ? number : usage(`${flag}: ${text} is no number`);
}

/** Fuzzes the chosen targets, some at once; the exit status. */
async function fuzz(): Promise<number> {
  const seed = values.seed === undefined ? randomInt(2 ** 32) : count(values.seed, '--seed');
  const seconds = count(values.seconds, '--seconds');
  const runs = values.runs === undefined ? {} : { runs: count(values.runs, '--runs') };
  console.log(`fuzz: ${chosen.length} targets, ${seconds} s each, --seed ${seed}`);
  const waiting = [...chosen];
  let found = 0;
  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const { name } = target;
      const report = await fuzzTarget(target, {
        seed,
        seconds,
        ...runs,
        corpus: corpusOf(name),
        findings: findingsOf(name),
      });
      show(name, report);
      found += report.findings.length;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, count(values.jobs, '--jobs')) }, work));
  return found === 0 ? 0 : 1;
}

function show(name: string, { runs, seconds, inputs, blocks, findings }: FuzzReport): void {
  const speed = Math.round(runs / Math.max(seconds, 0.001));
  console.log(
    `${name.padEnd(20)} ${runs} runs, ${speed}/s, ${inputs} inputs kept, ${blocks} blocks reached, ${findings.length} findings`,
  );
  for (const { kind, text, file } of findings) {
    console.log(`  ${kind}: ${text.replaceAll('\n', '\n    ')}`);
    console.log(`    npm run fuzz -- ${name} --replay ${relative(process.cwd(), file)}`);
  }
}

/** Runs one target on one input in a process of its own; the exit status. */
async function replay(file: string): Promise<number> {
  const [target, ...others] = chosen;
  if (target === undefined || others.length > 0) usage('--replay is for one target');
  readFileSync(file);
  const verdict = await judgeAlone(target, resolve(file));
  if ('kind' in verdict) {
    console.log(`${verdict.kind}: ${verdict.text}`);
    return 1;
  }
  const { outcome, cpuSeconds, peakMemory } = verdict;
  console.log(outcome.kind === 'value' ? 'read' : `${outcome.kind}: ${outcome.text}`);
  console.log(
    `${cpuSeconds.toFixed(2)} s of processor time, ${Math.round(peakMemory / 2 ** 20)} MiB of memory in all`,
  );
  return outcome.kind === 'failed' ? 1 : 0;
}
