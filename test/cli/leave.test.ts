import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';

/** What begins a read of the pipe `file`, and then says so. */
const READ = 'fs.read(file, Buffer.alloc(1), 0, 1, null, () => undefined); process.stdout.write("said");';
const READ_IN_THREAD = `
  const { Worker } = await import('node:worker_threads');
  const code = \`
    const { readSync } = process.getBuiltinModule('node:fs');
    const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
    parentPort.postMessage('said');
    readSync(workerData, Buffer.alloc(1), 0, 1, null);
  \`;
  const worker = new Worker(code, { eval: true, workerData: file });
  worker.once('exit', () => process.stdout.write(' that it ended'));
  await new Promise((next) => worker.once('message', (text) => process.stdout.write(text, next)));`;

test.each([
  ['a read', READ],
  ['a thread with a read', READ_IN_THREAD],
])('%s that never ends does not keep the process, which ends well', async (_, read) => {
  const scratch = mkdtempSync(join(tmpdir(), 'leave-'));
  const pipe = join(scratch, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Nobody ever writes to it.
  const script = `
    import fs from 'node:fs';
    import { leave } from '${new URL('../../src/cli/immucore/leave.ts', import.meta.url)}';
    const file = fs.openSync('${pipe}', 'r+');
    ${read}
    setTimeout(leave, 100);
  `;
  const args = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = await runCommand(process.execPath, args, { timeout: 10 });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'said', stderr: '' });
  rmSync(scratch, { recursive: true });
});
