import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAMS } from '../../src/cli/programs.ts';
import { mustRun, type Outcome, runCommand } from '../support/run-command.ts';

let directory: string;
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp('/var/tmp/kairos-sysext-npm-');
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  await mustRun('npm', ['pack', '--silent', '--pack-destination', directory], { env });
  const [tarball] = (await readdir(directory)).filter((name) => name.endsWith('.tgz'));
  // As on a machine without network, that has never seen any of the packages.
  const args = ['install', '--global', '--offline', '--prefix', at('prefix'), '--cache', at('cache')];
  await mustRun('npm', [...args, at(tarball!)], { env });
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function run(name: string, args: readonly string[]): Promise<Outcome> {
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  return runCommand(at(`prefix/bin/${name}`), args, { cwd: directory, env });
}

describe('the npm package', () => {
  it('has the commands, and all they need', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect((await readdir(at('prefix/bin'))).sort()).toEqual(Object.keys(PROGRAMS).sort());
    for (const name of Object.keys(PROGRAMS)) {
      expect(await run(name, ['--version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
    }
    await mkdir(at('tree/usr/bin'), { recursive: true });
    await writeFile(at('tree/usr/bin/hello'), 'hello\n');
    expect(await run('auroraboot', ['genkey', 'test', '--output', 'keys'])).toMatchObject({ status: 0 });
    const key = ['--private-key=keys/db.key', '--certificate=keys/db.pem'];
    expect(await run('auroraboot', ['sysext', ...key, 'hello', 'dir:tree'])).toMatchObject({ status: 0 });
    const verified = await run('auroraboot', ['verify', '--certificate=keys/db.pem', 'hello.sysext.raw']);
    expect(verified.stdout).toContain('accepted');
  });

  it('says so where Node is too old', async () => {
    const older =
      'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})';
    for (const name of Object.keys(PROGRAMS)) {
      const command = at(`prefix/bin/${name}`);
      const outcome = await runCommand(process.execPath, ['--import', older, command, '--version']);
      expect(outcome).toMatchObject({ status: 1, stdout: '' });
      expect(outcome.stderr).toContain(`${name}: error: Node 20.1.0 is too old, 24 or later is needed`);
    }
  });

  it('is a library with types', async () => {
    const source = `import { type ListedExtension, listExtensions, nodeHost, SYSEXT } from 'kairos-sysext';
const host = nodeHost({ root: process.cwd(), environment: process.env });
const extensions: readonly ListedExtension[] = await listExtensions(host, SYSEXT);
console.log(extensions.length);
`;
    await mkdir(at('user/node_modules'), { recursive: true });
    await mustRun('ln', ['-s', at('prefix/lib/node_modules/kairos-sysext'), at('user/node_modules')]);
    await writeFile(at('user/package.json'), '{"type":"module"}');
    await writeFile(at('user/main.ts'), source);
    const outcome = await runCommand(process.execPath, ['main.ts'], { cwd: at('user') });
    expect(outcome).toMatchObject({ status: 0, stdout: '0\n' });

    expect(await checkTypes()).toBe('');
    // A mistake is found, so that the types are those of the library and not any.
    await writeFile(at('user/main.ts'), source.replace('extensions.length', 'extensions.size'));
    expect(await checkTypes()).toContain("'size' does not exist");
  });

  it('is used as its documentation says', async () => {
    const [, example] = /^```ts\n(.*?)^```$/ms.exec(await readFile('docs/library.md', 'utf8')) ?? [];
    await writeFile(at('user/main.ts'), example!);
    expect(await checkTypes()).toBe('');
  });
});

/** What TypeScript says of the program that uses the library. */
async function checkTypes(): Promise<string> {
  const require = createRequire(import.meta.url);
  const types = dirname(dirname(require.resolve('@types/node/package.json')));
  const options = ['--noEmit', '--strict', '--target', 'ES2024', '--module', 'NodeNext'];
  const environment = ['--lib', 'ES2024,ESNext.Disposable', '--typeRoots', types, '--types', 'node'];
  const args = [require.resolve('typescript/bin/tsc'), ...options, ...environment, 'main.ts'];
  return (await runCommand(process.execPath, args, { cwd: at('user') })).stdout;
}
