import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';

test.each([
  ['a read that', `fs.read(file, Buffer.alloc(1), 0, 1, null, () => undefined);`],
  [
    'a thread whose read',
    `const code = "require('node:fs').readSync(require('node:worker_threads').workerData, Buffer.alloc(1), 0, 1, null)";
     new Worker(code, { eval: true, workerData: file });`,
  ],
])('%s never ends does not keep the process, which ends well', async (_, read) => {
  const scratch = mkdtempSync(join(tmpdir(), 'leave-'));
  const pipe = join(scratch, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Nobody ever writes to it; the read waits in a thread.
  const script = `
    import fs from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { leave } from '${new URL('../../src/cli/immucore/leave.ts', import.meta.url)}';
    const file = fs.openSync('${pipe}', 'r+');
    ${read}
    process.stdout.write('said');
    setTimeout(leave, 300);
  `;
  const args = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = await runCommand(process.execPath, args, { timeout: 10 });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'said', stderr: '' });
  rmSync(scratch, { recursive: true });
});
