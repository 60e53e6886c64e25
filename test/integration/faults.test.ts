import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { mustRun } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';

const program = fileURLToPath(new URL('../../bin/auroraboot', import.meta.url));

let directory: string;
let output: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'faults-'));
  output = join(directory, 'out');
  mkdirSync(output);
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s in the middle of a build', (signal, status) => {
  it('ends it, says so, and leaves the old image alone', async () => {
    writeFileSync(join(output, 'x.sysext.raw'), 'old');
    const archive = await tarArchive([{ name: 'usr/x', content: Buffer.alloc(6_000_000, 'x') }]);
    const child = spawn(program, ['sysext', '--output', output, 'x', 'tar:-'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    child.stdin.on('error', () => undefined);
    // More than stays in memory, so that there is a file to clean up; the rest never comes.
    child.stdin.write(archive.subarray(0, 5_000_000));
    while (!readdirSync(output).some((name) => name.endsWith('.part')))
      await new Promise((next) => setTimeout(next, 20));
    child.kill(signal);
    expect(await ended).toEqual([status, null]);
    expect(stderr).toMatch(/auroraboot: error: .*interrupted/);
    expect(readdirSync(output)).toEqual(['x.sysext.raw']);
    expect(readFileSync(join(output, 'x.sysext.raw'), 'utf8')).toBe('old');
  });
});

describe.skipIf(process.getuid?.() !== 0)('as root', () => {
  it('a full disk is said, and nothing is left on it', async () => {
    await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=3M', 'tmpfs', output]);
    try {
      const archive = join(directory, 'layer.tar');
      writeFileSync(archive, await tarArchive([{ name: 'usr/x', content: Buffer.alloc(8_000_000, 'x') }]));
      // As large as what is in it.
      const flags = ['--compression', 'none', '--output', output];
      const outcome = await auroraboot(['sysext', ...flags, 'x', `tar:${archive}`]);
      expect(outcome).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(/the disk is full/),
      });
      expect(outcome.stderr).toMatch(/hint: free some space, or choose another directory with --output/);
      expect(readdirSync(output)).toEqual([]);
    } finally {
      await mustRun('umount', [output]);
    }
  });

  it('a read-only directory and a missing permission are said', async () => {
    const archive = join(directory, 'layer.tar');
    writeFileSync(archive, await tarArchive([{ name: 'usr/x', content: 'x' }]));
    await mustRun('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', output]);
    try {
      // As large as what is in it.
      const flags = ['--compression', 'none', '--output', output];
      const outcome = await auroraboot(['sysext', ...flags, 'x', `tar:${archive}`]);
      expect(outcome).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/the file system is read-only/),
      });
    } finally {
      await mustRun('umount', [output]);
    }
  });
});
