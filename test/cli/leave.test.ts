import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';

test('a read that never ends does not keep the process, which ends well', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'leave-'));
  const pipe = join(scratch, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Nobody ever writes to it; the read waits in a thread of Node's.
  const script = `
    import fs from 'node:fs';
    import { leave } from '${new URL('../../src/cli/immucore/leave.ts', import.meta.url)}';
    fs.read(fs.openSync('${pipe}', 'r+'), Buffer.alloc(1), 0, 1, null, () => undefined);
    process.stdout.write('said');
    setTimeout(leave, 100);
  `;
  const args = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = await runCommand(process.execPath, args, { timeout: 10 });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'said', stderr: '' });
  rmSync(scratch, { recursive: true });
});
