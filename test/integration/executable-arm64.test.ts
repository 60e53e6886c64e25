import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExecutableParts } from '../../packaging/executable.ts';
import { PROGRAMS } from '../../src/cli/programs.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { mustRun, type Outcome, runCommand, succeeded } from '../support/run-command.ts';

const libraries = fileURLToPath(new URL('../../lab/arm64-libraries.sh', import.meta.url));

let directory: string;
let root: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-arm64-');
  root = (await mustRun('sh', [libraries])).stdout.trim();
  (await ExecutableParts.bundle()).write('arm64', at('kairos-sysext'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs the executable by one of its names, emulated. */
function run(name: string, args: readonly string[]): Promise<Outcome> {
  const emulated = ['-0', name, '-L', root, at('kairos-sysext'), ...args];
  return runCommand('qemu-aarch64', emulated, { cwd: directory });
}

describe('the executable for arm64', () => {
  it('is the program whose name it was called by', async () => {
    for (const name of Object.keys(PROGRAMS)) {
      const { stdout } = succeeded(await run(name, ['--help']));
      expect(stdout).toMatch(new RegExp(`^Usage: ${name} `));
    }
  });

  it('builds the same bytes as on any other machine, and proves them', async () => {
    await mkdir(at('tree/usr/bin'), { recursive: true });
    await writeFile(at('tree/usr/bin/hello'), 'hello\n'.repeat(100_000));
    succeeded(await run('auroraboot', ['genkey', 'test', '--quiet', '--output', 'keys']));
    const keys = ['--private-key', at('keys/db.key'), '--certificate', at('keys/db.pem')];
    const args = ['sysext', '--quiet', '--arch', 'arm64', ...keys, 'hello', `dir:${at('tree')}`];
    succeeded(await run('auroraboot', [...args, '--output', at('ours')]));
    succeeded(await auroraboot([...args, '--output', at('expected')]));
    const built = await readFile(at('ours/hello.sysext.raw'));
    expect(built.equals(await readFile(at('expected/hello.sysext.raw')))).toBe(true);

    const verified = await run('auroraboot', [
      'verify',
      '--certificate',
      keys[3]!,
      at('ours/hello.sysext.raw'),
    ]);
    expect(succeeded(verified).stdout).toContain('accepted');
  });

  it('manages a node and links what it boots', async () => {
    await mkdir(at('node'), { recursive: true });
    await writeFile(at('cmdline'), 'root=LABEL=COS_ACTIVE\n');
    const agent = (...args: string[]) => run('kairos-agent', ['--root', at('node'), 'sysext', ...args]);
    succeeded(await agent('download', `file://${at('ours/hello.sysext.raw')}`));
    succeeded(await agent('enable', '--active', 'hello'));
    const places = ['--root', at('node'), '--sysroot', at('node'), '--cmdline', at('cmdline')];
    const report = JSON.parse(succeeded(await run('immucore', [...places, '--json'])).stdout);
    expect(report.extensions).toMatchObject([
      { file: 'hello.sysext.raw', outcome: 'linked', verified: 'quick' },
    ]);
  });
});
