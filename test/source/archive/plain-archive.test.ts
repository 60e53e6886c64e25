import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPlainArchive, spoolArchive } from '../../../src/source/archive/plain-archive.ts';
import { SourceError } from '../../../src/source/error.ts';
import { END, header, padded } from '../tar/pack.ts';

const ARCHIVE = Buffer.concat([header({ path: 'manifest.json', size: 2 }), padded('[]'), END]);
const SKIPPABLE = Buffer.from('502a4d180100000000', 'hex');

let directory: string;
let temporary: string;
let before: string | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plain-'));
  temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  before = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
});
afterEach(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  rmSync(directory, { recursive: true });
});

function written(bytes: Uint8Array): string {
  const path = join(directory, 'app.tar');
  writeFileSync(path, bytes);
  return path;
}

describe('an archive of images', () => {
  it.each([
    ['plain', ARCHIVE],
    ['gzip', gzipSync(ARCHIVE)],
    ['zstd', zstdCompressSync(ARCHIVE)],
    ['zstd after a skippable frame', Buffer.concat([SKIPPABLE, zstdCompressSync(ARCHIVE)])],
  ])('is read as %s, and leaves no file behind', async (_, bytes) => {
    const { file, index, close } = await openPlainArchive(written(bytes), undefined);
    const { offset, size } = index.member('manifest.json')!;
    expect(Buffer.from(await file.read(offset, size)).toString()).toBe('[]');
    expect(readdirSync(temporary)).toEqual([]);
    await close();
  });

  it.each([
    ['damaged', gzipSync(ARCHIVE).subarray(0, -9)],
    ['no archive', gzipSync(Buffer.alloc(600, 'text'))],
  ])('is named where it is %s, not the temporary file', async (_, bytes) => {
    const path = written(bytes);
    const failure: unknown = await openPlainArchive(path, undefined).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceError);
    expect(failure).toMatchObject({ code: 'malformed', message: expect.stringContaining(`${path}: `) });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('says where to find space when the temporary directory cannot be used', async () => {
    process.env.TMPDIR = join(directory, 'gone');
    await expect(openPlainArchive(written(gzipSync(ARCHIVE)), undefined)).rejects.toMatchObject({
      code: 'unreadable',
      exitCode: 1,
      message: expect.stringMatching(
        /app\.tar cannot be kept in .*gone to read it: there is no such directory/,
      ),
      hint: expect.stringContaining('TMPDIR'),
    });
  });

  it('leaves nothing behind when the stream breaks or is ended', async () => {
    const broken = new Error('broken');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield ARCHIVE.subarray(0, 512);
      throw broken;
    }
    await expect(spoolArchive(breaking(), undefined)).rejects.toBe(broken);
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield ARCHIVE;
        controller.abort();
      }
    }
    await expect(spoolArchive(endless(), controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(temporary)).toEqual([]);
  });
});
