import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
