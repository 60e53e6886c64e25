import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TarIndex } from '../../../src/source/archive/tar-index.ts';
import { SourceError } from '../../../src/source/error.ts';
import { RandomAccessFile } from '../../../src/source/file-bytes.ts';
import { END, header, padded, pax } from '../tar/pack.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tar-index-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Reads the index of an archive; gives the content of its members. */
async function indexOf(bytes: Uint8Array | string): Promise<(name: string) => Promise<string | undefined>> {
  const path = typeof bytes === 'string' ? bytes : join(directory, 'archive.tar');
  if (typeof bytes !== 'string') writeFileSync(path, bytes);
  const file = await RandomAccessFile.open(path);
  try {
    const index = await TarIndex.read(file, 'app.tar', undefined);
    const contents = new Map<string, string | undefined>();
    return async (name) => {
      if (contents.has(name)) return contents.get(name);
      const member = index.member(name);
      if (member === undefined) return undefined;
      const again = await RandomAccessFile.open(path);
      const content = Buffer.from(await again.read(member.offset, member.size)).toString();
      await again.close();
      contents.set(name, content);
      return content;
    };
  } finally {
    await file.close();
  }
}

function file(path: string, content: string): Buffer {
  return Buffer.concat([header({ path, size: content.length }), padded(content)]);
}

function link(path: string, linkTarget: string, typeflag: '1' | '2'): Buffer {
  return header({ path, linkTarget, typeflag });
}

describe('the index of an archive', () => {
  it.each(['ustar', 'gnu', 'pax', 'v7'])('finds what GNU tar put there as %s', async (format) => {
    const long = 'l'.repeat({ v7: 1, ustar: 80 }[format] ?? 90);
    const deep = format === 'v7' || format === 'ustar' ? 'd' : 'e'.repeat(90);
    mkdirSync(join(directory, long, deep), { recursive: true });
    writeFileSync(join(directory, long, deep, 'layer.tar'), 'a'.repeat(1000));
    writeFileSync(join(directory, 'manifest.json'), '[]');
    writeFileSync(join(directory, 'empty'), '');
    execFileSync('ln', [join(directory, long, deep, 'layer.tar'), join(directory, long, 'hard')]);
    execFileSync('ln', ['-s', `../${long}/${deep}/layer.tar`, join(directory, long, 'soft')]);
    const path = join(directory, 'out.tar');
    execFileSync('tar', [
      '-C',
      directory,
      '-cf',
      path,
      `--format=${format}`,
      'empty',
      './manifest.json',
      long,
    ]);
    const content = await indexOf(path);
    expect(await content('manifest.json')).toBe('[]');
    expect(await content('empty')).toBe('');
    for (const name of [`${deep}/layer.tar`, 'hard', 'soft'])
      expect(await content(`${long}/${name}`)).toBe('a'.repeat(1000));
    expect(await content('gone')).toBeUndefined();
    expect(await content(long)).toBeUndefined();
  });

  it('has the last of several members of a name, as unpacking has', async () => {
    const content = await indexOf(
      Buffer.concat([
        link('a', 'b', '2'),
        file('b', 'one'),
        file('./a', 'two'),
        file('c', 'three'),
        link('c', 'b', '1'),
        END,
      ]),
    );
    expect(await content('a')).toBe('two');
    expect(await content('c')).toBe('one');
  });

  it('keeps links within the archive, and gives up on circles', async () => {
    const content = await indexOf(
      Buffer.concat([
        link('up', '../../../../etc/passwd', '2'),
        link('root', '/b', '2'),
        link('circle', 'circle', '2'),
        link('x', 'y', '2'),
        link('y', 'x', '1'),
        file('b', 'content'),
        END,
      ]),
    );
    expect(await content('up')).toBeUndefined();
    expect(await content('root')).toBe('content');
    expect(await content('circle')).toBeUndefined();
    expect(await content('x')).toBeUndefined();
  });

  it('skips content beyond 8 GiB without reading it', async () => {
    const size = 9 * 2 ** 30;
    const path = join(directory, 'large.tar');
    writeFileSync(path, Buffer.concat([pax([['size', `${size}`]]), header({ path: 'large', size: 0 })]));
    truncateSync(path, 3 * 512 + size);
    writeFileSync(path, Buffer.concat([file('after', 'content'), END]), { flag: 'a' });
    expect(await (await indexOf(path))('after')).toBe('content');
  });

  it.each([
    ['no tar archive', Buffer.alloc(600, 'text'), 'malformed', /wrong check sum/],
    ['cut within a header', file('a', 'x').subarray(0, 300), 'malformed', /truncated/],
    ['cut within content', header({ path: 'a', size: 600 }), 'malformed', /truncated/],
    [
      'cut within an unknown member',
      header({ path: 'a', size: 2 ** 40, typeflag: 'V' }),
      'malformed',
      /truncated/,
    ],
    ['of a negative size', header({ path: 'a', size: -512 }), 'malformed', /valid size/],
    ['with a long name of negative size', header({ typeflag: 'L', size: -512 }), 'malformed', /valid size/],
    [
      'whose extended size is no number',
      Buffer.concat([pax([['size', '1x']]), file('a', 'x'), END]),
      'malformed',
      /size is no number/,
    ],
    [
      'with a name as long as an attack',
      Buffer.concat([pax([['path', 'a'.repeat(5000)]]), file('a', 'x'), END]),
      'too-large',
      /4096/,
    ],
    [
      'with a huge extended header',
      header({ typeflag: 'x', size: 2 ** 40 }),
      'too-large',
      /extended header that is too large/,
    ],
    [
      'with a sparse member',
      Buffer.concat([
        pax([
          ['GNU.sparse.major', '1'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.name', 'a'],
          ['GNU.sparse.realsize', '4'],
        ]),
        file('a', 'x'),
        END,
      ]),
      'unsupported',
      /sparse/,
    ],
  ])('is refused for one %s', async (_, bytes, code, message) => {
    const reading = indexOf(bytes);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(/^app\.tar: /);
    await expect(reading).rejects.toMatchObject({ code, hint: expect.any(String) });
  });

  it('is refused for headers without end, of whatever name', async () => {
    const many = Buffer.alloc(100_001 * 512);
    const one = header({ path: 'd/', typeflag: '5' });
    for (let at = 0; at < many.length; at += 512) one.copy(many, at);
    await expect(indexOf(many)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('answers damage with an index or a SourceError', async () => {
    const whole = Buffer.concat([pax([['path', 'p']]), file('a', 'text'), link('b', 'a', '2'), END]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(255),
        fc.nat(whole.length),
        async (at, byte, length) => {
          const bytes = Buffer.from(whole);
          bytes[at] = byte;
          await indexOf(bytes.subarray(0, length)).catch((error: unknown) =>
            expect(error).toBeInstanceOf(SourceError),
          );
        },
      ),
    );
  });
});
