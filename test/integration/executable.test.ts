import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExecutableParts } from '../../packaging/executable.ts';
import type { Architecture } from '../../packaging/node-binary.ts';
import { PROGRAMS } from '../../src/cli/programs.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { mustRun, type Outcome, runCommand, succeeded } from '../support/run-command.ts';

const architecture = process.arch as Architecture;
let directory: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-executable-');
  const parts = await ExecutableParts.bundle();
  parts.write(architecture, at('kairos-sysext'));
  parts.write(architecture, at('again'));
  for (const name of Object.keys(PROGRAMS)) await symlink('kairos-sysext', at(name));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs the executable by one of its names, where npm's Node is not found. */
function run(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return runCommand(at(name), args, { env: { PATH: '/usr/bin:/bin', ...env }, cwd: directory });
}

describe('the executable', () => {
  it('is the same, byte for byte, when it is made again', async () => {
    expect((await readFile(at('again'))).equals(await readFile(at('kairos-sysext')))).toBe(true);
    await rm(at('again'));
  });

  it('is the same from a terminal, where Node loads more of itself', async () => {
    const command = `'${process.execPath}' lab/product.ts '${at('product')}'`;
    await mustRun('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    const made = await readFile(at(`product/kairos-sysext-linux-${architecture}`));
    expect(made.equals(await readFile(at('kairos-sysext')))).toBe(true);
    await rm(at('product'), { recursive: true });
  });

  it('is the program whose name it was called by, or that its first argument names', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    for (const name of Object.keys(PROGRAMS)) {
      expect(await run(name, ['--version'])).toMatchObject({
        status: 0,
        stdout: `${version}\n`,
        stderr: '',
      });
      const byArgument = await run('kairos-sysext', [name, '--help']);
      expect(byArgument).toMatchObject({ status: 0, stderr: '' });
      expect(byArgument.stdout).toMatch(new RegExp(`^Usage: ${name} `));
      expect(byArgument.stdout).toBe((await run(name, ['--help'])).stdout);
    }
    const unknown = await run('kairos-sysext', ['bash']);
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toContain('they are: auroraboot, kairos-agent');
  });

  it('does not let the environment say what Node does', async () => {
    const outcome = await run('auroraboot', ['--version'], { NODE_OPTIONS: '--require=/nowhere.js' });
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
  });

  it('builds the bytes that the sources build, and proves them', async () => {
    await mkdir(at('tree/usr/bin'), { recursive: true });
    await writeFile(at('tree/usr/bin/hello'), 'hello\n'.repeat(100_000));
    succeeded(await run('auroraboot', ['genkey', 'test', '--output', 'keys']));
    const key = ['--private-key', at('keys/db.key'), '--certificate', at('keys/db.pem')];
    const args = ['sysext', ...key, '--quiet', 'hello', `dir:${at('tree')}`];
    succeeded(await run('auroraboot', [...args, '--output', at('ours')]));
    succeeded(await auroraboot([...args, '--output', at('expected')]));
    const image = 'hello.sysext.raw';
    const built = await readFile(at(`ours/${image}`));
    expect(built.equals(await readFile(at(`expected/${image}`)))).toBe(true);

    const verify = ['verify', '--certificate', at('keys/db.pem'), at(`ours/${image}`)];
    expect((await run('auroraboot', verify)).stdout).toContain('accepted');
    const download = ['--root', at('root'), 'sysext', 'download', `file://${at(`ours/${image}`)}`];
    await mkdir(at('root'));
    expect(await run('kairos-agent', download)).toMatchObject({ status: 0 });
    const listed = await run('kairos-agent', ['--root', at('root'), 'sysext', 'list']);
    expect(listed.stdout).toContain('hello.sysext.raw');
  });

  it('still runs after it was stripped, as tools that make an initramfs do', async () => {
    const stripped = at('stripped');
    await mustRun('strip', ['-g', '-p', '-o', stripped, at('kairos-sysext')]);
    expect(succeeded(await runCommand(stripped, ['auroraboot', '--help'])).stdout).toContain('Usage');
    await rm(stripped);
  });
});

it('in an executable threads run, code caches are taken, and the young generation is small', async () => {
  const probe = await ExecutableParts.bundle(
    [
      'test/support/executable-probe/main.ts',
      'src/platform/hash-thread.ts',
      'src/platform/sha256-thread-main.ts',
    ],
    [],
  );
  probe.write(architecture, at('probe'));
  const result = JSON.parse(execFileSync(at('probe'), { encoding: 'utf8' }));
  expect(result).toMatchObject({ hashThread: true, sha256Thread: true, codeCache: true });
  // Two halves of 2 MiB; Node's default is 32 MiB and more.
  expect(result.youngGeneration).toBeLessThanOrEqual(6 * 1024 * 1024);
});
