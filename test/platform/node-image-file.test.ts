import { randomBytes } from 'node:crypto';
import { constants, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pageMemory } from '../../src/base/page-memory.ts';
import { NodeImageFile } from '../../src/platform/node-image-file.ts';

test('writes at positions, above 4 GiB too, and leaves holes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'image-file-'));
  const path = join(directory, 'image');
  const handle = await open(path, 'w+');
  try {
    const file = new NodeImageFile(handle);
    await file.write(Buffer.from('end'), 5 * 2 ** 30);
    await file.truncate(6 * 2 ** 30);
    const { size, blocks } = statSync(path);
    expect(size).toBe(6 * 2 ** 30);
    expect(512 * blocks).toBeLessThan(2 ** 20);
    const read = Buffer.alloc(4);
    await handle.read(read, 0, 4, 5 * 2 ** 30);
    expect(read.toString('latin1')).toBe('end\0');

    await file.truncate(0);
    await Promise.all([file.write(Buffer.from('two'), 3), file.write(Buffer.from('one'), 0)]);
    expect(readFileSync(path, 'latin1')).toBe('onetwo');
  } finally {
    await handle.close();
    rmSync(directory, { recursive: true });
  }
});

describe('whole pages', () => {
  const content = pageMemory(1 << 20);
  content.set(randomBytes(content.length));
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-file-'));
    path = join(directory, 'image');
    writeFileSync(path, '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('are written directly, and what lies between them by way of the page cache', async () => {
    const handle = await open(path, 'r+');
    const direct = await open(path, constants.O_WRONLY | constants.O_DIRECT);
    const written = vi.spyOn(direct, 'write');
    try {
      const file = new NodeImageFile(handle, direct);
      await file.write(content.subarray(0, 512 * 1024), 4096);
      await file.write(Buffer.from('start'), 0);
      await file.write(content.subarray(0, 4096), 4096 + 512 * 1024 + 3);
      expect(written).toHaveBeenCalledTimes(1);
    } finally {
      await direct.close();
      await handle.close();
    }
    const found = readFileSync(path);
    expect(found.toString('latin1', 0, 5)).toBe('start');
    expect(found.subarray(4096, 4096 + 512 * 1024).equals(content.subarray(0, 512 * 1024))).toBe(true);
    expect(found.subarray(-4096).equals(content.subarray(0, 4096))).toBe(true);
  });

  test('are written all the same where the disk wants more than pages', async () => {
    const handle = await open(path, 'r+');
    const refusing = {
      write: vi.fn(async () => {
        throw Object.assign(new Error('invalid argument'), { code: 'EINVAL' });
      }),
    };
    try {
      const file = new NodeImageFile(handle, refusing as unknown as FileHandle);
      await file.write(content, 0);
      await file.write(content, content.length);
    } finally {
      await handle.close();
    }
    expect(refusing.write).toHaveBeenCalledTimes(1);
    expect(readFileSync(path).equals(Buffer.concat([content, content]))).toBe(true);
  });

  test('fail as the disk does', async () => {
    const handle = await open(path, 'r+');
    const full = {
      write: async () => {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    };
    try {
      const file = new NodeImageFile(handle, full as unknown as FileHandle);
      await expect(file.write(content, 0)).rejects.toMatchObject({ code: 'ENOSPC' });
    } finally {
      await handle.close();
    }
  });
});
