/** The process that runs a target: what goes wrong in it, up to its end, is seen by the parent (supervise.ts). */
import { readFileSync } from 'node:fs';
import { Coverage } from './coverage.ts';
import { FuzzLoop } from './fuzz-loop.ts';
import { judge } from './judge.ts';
import type { Order, Report } from './messages.ts';
import { loadTarget } from './target.ts';

/** Milliseconds between two reports. */
const REPORT_INTERVAL = 1000;

const order = JSON.parse(process.argv[2]!) as Order;
const report = (message: Report): void => void process.send!(message);

if (order.task === 'judge') await judgeOne(order);
else await fuzz(order);
process.disconnect();

async function judgeOne({ target: module, input }: Order & { task: 'judge' }): Promise<void> {
  const target = await loadTarget(module);
  const bytes = new Uint8Array(readFileSync(input));
  const before = process.cpuUsage();
  const outcome = await judge(target, bytes);
  const { user, system } = process.cpuUsage(before);
  const peakMemory = process.resourceUsage().maxRSS * 1024;
  report({ type: 'verdict', verdict: { outcome, cpuSeconds: (user + system) / 1e6, peakMemory } });
}

async function fuzz(order: Order & { task: 'fuzz' }): Promise<void> {
  const coverage = new Coverage();
  const target = await loadTarget(order.target);
  const loop = new FuzzLoop(target, order, coverage, (finding) => report({ type: 'finding', finding }));
  let reported = performance.now();
  await loop.run(() => {
    if (performance.now() - reported < REPORT_INTERVAL) return;
    reported = performance.now();
    report({ type: 'progress', progress: loop.progress });
  });
  report({ type: 'progress', progress: loop.progress });
}
