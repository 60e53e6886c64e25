import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTarFile } from '../../../src/source/tar/open.ts';
import { header } from './pack.ts';

it('a pipe whose reader was interrupted before it began is not waited for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tar-open-'));
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = openSync(pipe, constants.O_RDWR);
  try {
    writeSync(writer, header({ path: 'usr/x', size: 1_000_000 }));
    const source = await openTarFile(pipe);
    const reason = new Error('interrupted');
    const entries = source.layers[0]!.entries({ signal: AbortSignal.abort(reason) });
    await expect(
      (async () => {
        for await (const _ of entries);
      })(),
    ).rejects.toBeDefined();
    await source.close();
  } finally {
    closeSync(writer);
    rmSync(directory, { recursive: true });
  }
});
