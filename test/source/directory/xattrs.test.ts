import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hexText } from '../../../src/base/hex.ts';
import { openDirectory } from '../../../src/source/directory/open.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'xattrs-'));
});
afterEach(() => rmSync(tree, { recursive: true }));

function isInstalled(): boolean {
  try {
    execFileSync('setfattr', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function set(path: string | Buffer, name: string, value: string): void {
  // The shell is what can pass bytes that are no UTF-8.
  const octal = [...Buffer.from(path)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  execFileSync('bash', ['-c', `setfattr -h -n "$1" -v "$2" -- $'${octal}'`, 'sh', name, value]);
}

async function read(signal?: AbortSignal): Promise<Record<string, Record<string, string>>> {
  const source = await openDirectory(tree, signal);
  expect(source.warnings).toEqual([]);
  const found: Record<string, Record<string, string>> = {};
  for await (const { path, xattrs } of source.layers[0]!.entries({}))
    found[path] = Object.fromEntries([...xattrs].map(([name, value]) => [name, hexText(value)]));
  return found;
}

async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  process.seteuid!(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

describe.skipIf(!isInstalled())('extended attributes of a directory (needs the package attr)', () => {
  it('come with the entry they belong to, whatever its name', async () => {
    mkdirSync(join(tree, 'd'));
    const names = ['a', 'd/b', 'nl\nx', 'cr\rx', 'back\\slash', 'octal\\012', 'sp ', '# file: x', 'k=v', 'ä'];
    const paths = [...names.map((name) => Buffer.from(name)), Buffer.from([0xff, 0x85, 0x7a])];
    for (const path of paths) {
      const full = Buffer.concat([Buffer.from(`${tree}/`), path]);
      writeFileSync(full, '');
      set(full, 'user.name', `0x${path.toString('hex')}`);
    }
    set(join(tree, 'd'), 'user.a=b', '0x00ff0a3d');
    const found = await read();
    for (const path of paths)
      expect(found[path.toString('latin1')]).toEqual({ 'user.name': path.toString('hex') });
    expect(found.d).toEqual({ 'user.a=b': '00ff0a3d' });
  });

  it.skipIf(!isRoot)('are those of links and devices themselves (needs root)', async () => {
    writeFileSync(join(tree, 'file'), '');
    set(join(tree, 'file'), 'security.capability', '0x0100000200200000000000000000000000000000');
    symlinkSync('file', join(tree, 'link'));
    set(join(tree, 'link'), 'trusted.link', '0x01');
    execFileSync('mknod', [join(tree, 'null'), 'c', '1', '3']);
    set(join(tree, 'null'), 'trusted.device', '0x02');
    expect(await read()).toEqual({
      file: { 'security.capability': '0100000200200000000000000000000000000000' },
      link: { 'trusted.link': '01' },
      null: { 'trusted.device': '02' },
    });
  });

  it('end with the signal, before and while they are read', async () => {
    const reason = new Error('stopped');
    await expect(read(AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const reading = read(controller.signal);
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it.skipIf(!isRoot)('are refused where a part of the tree cannot be read (needs root)', async () => {
    execFileSync('chmod', ['755', tree]);
    mkdirSync(join(tree, '\x1b[31m'), { mode: 0o700 });
    const failure = await asNobody(() => read().catch((error: unknown) => error));
    expect(failure).toMatchObject({
      code: 'unreadable',
      message: expect.stringMatching(/\\x1b\[31m: Permission denied$/),
      hint: expect.stringContaining('run as a user'),
    });
  });

  it.skipIf(!isRoot).each([0o700, 0o744])(
    'are not asked for in a directory of mode %o (needs root)',
    async (mode) => {
      const path = join(tree, 'private');
      execFileSync('chmod', ['755', tree]);
      mkdirSync(path);
      execFileSync('chmod', [mode.toString(8), path]);
      const failure = await asNobody(() => openDirectory(path).catch((error: unknown) => error));
      expect(failure).toMatchObject({ code: 'unreadable', message: `${path}: permission denied` });
    },
  );
});

describe('extended attributes on a machine that cannot read them', () => {
  it('are said to be missing', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;
    Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' });
    try {
      const { warnings } = await openDirectory(tree);
      expect(warnings).toEqual([expect.stringMatching(/were not read: that is possible on Linux only$/)]);
    } finally {
      Object.defineProperty(process, 'platform', platform);
    }
  });
});
