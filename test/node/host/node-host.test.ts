import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import { NodeError } from '../../../src/node/error.ts';
import { nodeHost } from '../../../src/node/host/node-host.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'host-'));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const host = () => nodeHost({ root, environment: process.env });

describe('paths are followed within the root', () => {
  test('by absolute links, by .. beyond the root, and through several links', () => {
    fs.mkdirSync(join(root, 'etc'));
    fs.writeFileSync(join(root, 'etc/os-release'), 'ID=inside\n');
    fs.symlinkSync('/etc', join(root, 'absolute'));
    fs.symlinkSync('../../../../etc', join(root, 'upwards'));
    fs.symlinkSync('upwards', join(root, 'twice'));
    for (const path of ['/absolute', '/upwards', '/twice', '/../../etc']) {
      expect(Buffer.from(host().readFile(`${path}/os-release`, 100)!).toString()).toBe('ID=inside\n');
    }
  });

  test('what is missing is undefined, also behind a file; a circle of links is refused', () => {
    fs.symlinkSync('b', join(root, 'a'));
    fs.symlinkSync('a', join(root, 'b'));
    fs.writeFileSync(join(root, 'file'), '');
    expect(host().readFile('/missing/file', 100)).toBeUndefined();
    expect(host().openDirectory('/missing')).toBeUndefined();
    expect(host().openDirectory('/file/below')).toBeUndefined();
    expect(() => host().openDirectory('/a')).toThrow(/more than 40 symbolic links/);
  });

  test('a root that is missing, or a file, is named', () => {
    expect(() => nodeHost({ root: join(root, 'none'), environment: {} })).toThrow(
      /there is no such directory/,
    );
    fs.writeFileSync(join(root, 'file'), '');
    expect(() => nodeHost({ root: join(root, 'file'), environment: {} })).toThrow(/it is no directory/);
  });

  test('files larger than the limit are refused', () => {
    fs.writeFileSync(join(root, 'large'), Buffer.alloc(101));
    expect(() => host().readFile('/large', 100)).toThrow('/large: it has more than 100 bytes');
  });
});

describe('a directory', () => {
  const open = () => host().openDirectory('/store/inner', { create: true })!;

  test('is made with what is missing above it, and through links within the root', () => {
    fs.mkdirSync(join(root, 'real'));
    fs.symlinkSync('/real', join(root, 'store'));
    using directory = open();
    directory.symlink('target', 'link');
    expect(fs.readdirSync(join(root, 'real/inner'))).toEqual(['link']);
    expect(directory.path).toBe('/store/inner');
  });

  test('keeps names that are no UTF-8, and lists them in the order of their bytes', () => {
    using directory = open();
    const names = ['\xff\xfe', 'b', 'a\n', utf8ByteString('ä')];
    for (const name of names) directory.symlink('x', name);
    expect(directory.list()).toEqual([...names].sort());
    expect(directory.unlink('\xff\xfe')).toBe(true);
    expect(directory.unlink('\xff\xfe')).toBe(false);
  });

  test.each(['', '.', '..', 'a/b', 'a\0', 'x'.repeat(256)])('refuses the name %j', (name) => {
    using directory = open();
    for (const call of [
      () => directory.status(name),
      () => directory.rename('a', name),
      () => directory.openFile(name),
    ]) {
      expect(call).toThrow(NodeError);
    }
  });

  test('is made so that anybody may look into it, whatever the umask', () => {
    const umask = process.umask(0o077);
    try {
      host().openDirectory('/var/lib/made', { create: true })![Symbol.dispose]();
    } finally {
      process.umask(umask);
    }
    for (const path of ['var', 'var/lib', 'var/lib/made']) {
      expect(fs.statSync(join(root, path)).mode & 0o777).toBe(0o755);
    }
  });

  test('never follows a link of its own', () => {
    fs.mkdirSync(join(root, 'outside'));
    fs.writeFileSync(join(root, 'outside/file'), 'x');
    using directory = open();
    directory.symlink('../../outside', 'directory');
    directory.symlink('../../outside/file', 'file');
    expect(() => directory.openDirectory('directory', { create: true })).toThrow(/in the way|symbolic link/);
    expect(() => directory.openFile('file')).toThrow(/symbolic link/);
    expect(() => directory.openWriter('file', { existing: true })).toThrow(/symbolic link/);
    expect(() => directory.openWriter('file', { existing: false })).toThrow(/already there/);
    expect(directory.resolves('file')).toBe(true);
    directory.symlink('nowhere', 'dangling');
    expect(directory.resolves('dangling')).toBe(false);
  });

  test('stays the same when its path becomes a link', () => {
    using directory = open();
    fs.renameSync(join(root, 'store/inner'), join(root, 'store/moved'));
    fs.mkdirSync(join(root, 'outside'));
    fs.symlinkSync('/outside', join(root, 'store/inner'));
    directory.symlink('x', 'link');
    expect(fs.readdirSync(join(root, 'outside'))).toEqual([]);
    expect(fs.readdirSync(join(root, 'store/moved'))).toEqual(['link']);
  });

  test('gives no pipe for a file, without waiting for its other end', async () => {
    using directory = open();
    await once(spawn('mkfifo', [join(root, 'store/inner/pipe')]), 'exit');
    expect(() => directory.openFile('pipe')).toThrow(/it is no regular file/);
  });

  test('writes files at their end', async () => {
    using directory = open();
    {
      await using writer = directory.openWriter('file', { existing: false });
      await writer.write(Buffer.from('hello'));
      await writer.sync();
    }
    await using writer = directory.openWriter('file', { existing: true });
    await writer.write(Buffer.from(' world'));
    expect(Buffer.from(await writer.content.read(0, 11)).toString()).toBe('hello world');
    await writer.truncate(5);
    await writer.write(Buffer.from('!'));
    using reader = directory.openFile('file')!;
    expect(reader.status.size).toBe(6);
    expect(Buffer.from(await reader.head.read(0, 6)).toString()).toBe('hello!');
  });
});

describe('a lock', () => {
  test('is held by one, until it is given back', async () => {
    using directory = host().openDirectory('/', {})!;
    const first = await directory.lock('lock', 0);
    expect(first).toBeDefined();
    expect(await directory.lock('lock', 0)).toBeUndefined();
    first![Symbol.dispose]();
    using second = await directory.lock('lock', 0);
    expect(second).toBeDefined();
  });

  test('is free when who had it was killed', async () => {
    const script = `
      import { nodeHost } from './src/node/host/node-host.ts';
      const directory = nodeHost({ root: process.argv[1], environment: {} }).openDirectory('/');
      if (await directory.lock('lock', 0)) console.log('locked');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, root]);
    await once(child.stdout, 'data');
    using directory = host().openDirectory('/')!;
    expect(await directory.lock('lock', 0)).toBeUndefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    using taken = await directory.lock('lock', 0);
    expect(taken).toBeDefined();
  });
});

describe('a program', () => {
  test('runs without a shell and tells its status and output', async () => {
    const result = await host().run('sh', ['-c', 'echo "$1"; echo err >&2; exit 3', 'sh', '$(x) "']);
    expect(result).toEqual({ status: 3, stdout: '$(x) "\n', stderr: 'err\n' });
  });

  test('that takes too long is killed, and one that is missing is named', async () => {
    const group = (stat: string): string => stat.replace(/^.*\) /s, '').split(' ')[2]!;
    const { stdout } = await host().run('cat', ['/proc/self/stat']);
    // Ctrl-C goes to every program of a terminal's foreground group.
    expect(group(stdout)).not.toBe(group(fs.readFileSync('/proc/self/stat', 'utf8')));
    expect(await host().run('sleep', ['60'], { timeout: 50 })).toMatchObject({ status: undefined });
    expect(await host().run('sleep', ['0'], { timeout: 5000.5 })).toMatchObject({ status: 0 });
    await expect(host().run('no-such-program', [])).rejects.toThrow(/no-such-program cannot be run/);
  });
});
