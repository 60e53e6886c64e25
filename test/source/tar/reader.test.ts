import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceError } from '../../../src/source/error.ts';
import { readTar } from '../../../src/source/tar/reader.ts';
import { tarArchive } from '../../support/tar-archive.ts';
import { END, header, padded, pax, withChecksum } from './pack.ts';
import { inChunks, readAll } from './read-all.ts';

const malformed = expect.objectContaining({ code: 'malformed' });

describe('readTar', () => {
  it('reads every type of entry', async () => {
    const archive = Buffer.concat([
      header({ path: 'dir/', typeflag: '5', mode: 0o1755 }),
      header({ path: 'file', size: 5, mode: 0o104755, uid: 7, gid: 8, mtime: 1_700_000_000 }),
      padded('hello'),
      header({ path: 'old', typeflag: '\0', size: 3 }),
      padded('old'),
      header({ path: 'old-dir/', typeflag: '0' }),
      header({ path: 'contiguous', typeflag: '7', size: 1 }),
      padded('c'),
      header({ path: 'hard', typeflag: '1', linkTarget: 'file' }),
      header({ path: 'soft', typeflag: '2', linkTarget: '../x' }),
      header({ path: 'char', typeflag: '3', major: 10, minor: 229 }),
      header({ path: 'block', typeflag: '4', major: 259, minor: 1_048_575 }),
      header({ path: 'fifo', typeflag: '6' }),
      END,
    ]);
    const short = (await readAll(archive)).map(
      ({ path, type, mode, text, linkTarget, major, minor }) =>
        `${path} ${type} ${mode.toString(8)} ${text}${linkTarget} ${major}:${minor}`,
    );
    expect(short).toEqual([
      'dir directory 1755  0:0',
      'file file 4755 hello 0:0',
      'old file 644 old 0:0',
      'old-dir directory 644  0:0',
      'contiguous file 644 c 0:0',
      'hard hardlink 644 file 0:0',
      'soft symlink 644 ../x 0:0',
      'char character-device 644  10:229',
      'block block-device 644  259:1048575',
      'fifo fifo 644  0:0',
    ]);
  });

  it('takes what extended headers say over the header, for the next entry only', async () => {
    const value = '\x01\0\0\x02\0\x20\n=\xff';
    const archive = Buffer.concat([
      pax([
        ['path', `long/${'p'.repeat(300)}/`],
        ['mtime', '1700000000.123456789'],
        ['uid', '3000000000'],
        ['SCHILY.xattr.security.capability', value],
        ['LIBARCHIVE.xattr.user.a%3Db', Buffer.from(value, 'latin1').toString('base64')],
        ['comment', 'is ignored'],
      ]),
      header({ typeflag: '5' }),
      header({ path: 'next' }),
      END,
    ]);
    const [first, second] = await readAll(archive);
    const hex = Buffer.from(value, 'latin1').toString('hex');
    expect(first).toMatchObject({
      path: `long/${'p'.repeat(300)}`,
      uid: 3_000_000_000,
      mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
      xattrs: { 'security.capability': hex, 'user.a=b': hex },
    });
    expect(second).toMatchObject({ path: 'next', uid: 0, xattrs: {} });
  });

  it('takes global headers for all that follow, below those of an entry', async () => {
    const archive = Buffer.concat([
      pax(
        [
          ['mtime', '5'],
          ['uid', '1'],
        ],
        'g',
      ),
      header({ path: 'a' }),
      pax([['mtime', '6.5']]),
      header({ path: 'b' }),
      pax([['mtime', '7']], 'g'),
      header({ path: 'c' }),
      END,
    ]);
    const times = (await readAll(archive)).map(({ path, mtime, uid }) => [
      path,
      mtime.seconds,
      mtime.nanoseconds,
      uid,
    ]);
    expect(times).toEqual([
      ['a', 5, 0, 1],
      ['b', 6, 500_000_000, 1],
      ['c', 7, 0, 1],
    ]);
  });

  it.each([
    ['-0.5', { seconds: -1, nanoseconds: 500_000_000 }],
    ['-1', { seconds: -1, nanoseconds: 0 }],
    ['-1.000000001', { seconds: -2, nanoseconds: 999_999_999 }],
    ['0.0000000019', { seconds: 0, nanoseconds: 1 }],
  ])('reads the time %s', async (mtime, expected) => {
    expect(await readAll(Buffer.concat([pax([['mtime', mtime]]), header({}), END]))).toMatchObject([
      { mtime: expected },
    ]);
  });

  it("reads GNU's long names and numbers in base 256", async () => {
    const long = (typeflag: string, name: string) =>
      Buffer.concat([
        header({ path: '././@LongLink', typeflag, size: name.length + 1 }),
        padded(`${name}\0`),
      ]);
    const archive = Buffer.concat([
      long('L', 'n'.repeat(200)),
      long('K', 'l'.repeat(4000)),
      header({ typeflag: '2', uid: 4_000_000_000, mtime: -5 }),
      END,
    ]);
    expect(await readAll(archive)).toMatchObject([
      { path: 'n'.repeat(200), linkTarget: 'l'.repeat(4000), uid: 4_000_000_000, mtime: { seconds: -5 } },
    ]);
  });

  it('fills in the holes of all kinds of sparse files', async () => {
    const map: [number, number][] = [
      [2, 3],
      [1000, 2],
      [2000, 0],
    ];
    const stored = 'abcde';
    const expected = `\0\0abc${'\0'.repeat(995)}de${'\0'.repeat(998)}`;
    const realSize = 2000;
    const data = padded(stored);
    const sized = header({ path: 'x', size: stored.length });
    const sparse00 = pax([
      ['GNU.sparse.size', `${realSize}`],
      ['GNU.sparse.numblocks', '3'],
      ...map.flatMap(
        ([offset, length]) =>
          [
            ['GNU.sparse.offset', `${offset}`],
            ['GNU.sparse.numbytes', `${length}`],
          ] as const,
      ),
    ]);
    const sparse01 = pax([
      ['GNU.sparse.size', `${realSize}`],
      ['GNU.sparse.name', 'real-name'],
      ['GNU.sparse.map', map.flat().join(',')],
    ]);
    const sparse10 = pax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'real-name'],
      ['GNU.sparse.realsize', `${realSize}`],
    ]);
    const leading = padded(`3\n${map.flat().join('\n')}\n`);
    const old = header({ path: 'x', typeflag: 'S', size: stored.length });
    // Old GNU headers have regions where ustar has the end of the prefix.
    old.write('ustar  \0', 257, 'latin1');
    const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
    for (const [index, [offset, length]] of map.entries()) {
      old.write(octal(offset) + octal(length), 386 + index * 24, 'latin1');
    }
    old.write(octal(realSize), 483, 'latin1');
    const archive = Buffer.concat([
      sparse00,
      sized,
      data,
      sparse01,
      sized,
      data,
      sparse10,
      header({ path: 'x', size: leading.length + stored.length }),
      leading,
      data,
      withChecksum(old),
      data,
      header({ path: 'after' }),
      END,
    ]);
    for (const chunkSize of [1, 7, 512, 100_000]) {
      const entries = await readAll(archive, chunkSize);
      expect(entries.map(({ path, text }) => [path, text === expected])).toEqual([
        ['x', true],
        ['real-name', true],
        ['real-name', true],
        ['x', true],
        ['after', false],
      ]);
    }
  });

  it('takes paths of nothing but slashes, without taking long', async () => {
    const entry = Buffer.concat([pax([['path', `${'/'.repeat(4095)}x`]]), header({})]);
    const entries = await readAll(Buffer.concat([...Array<Buffer>(3000).fill(entry), END]));
    expect(entries).toHaveLength(3000);
    expect(entries[0]!.path).toBe(`${'/'.repeat(4095)}x`);
  });

  it('refuses headers before an entry that would fill the memory', async () => {
    const map = pax([['GNU.sparse.map', '1,'.repeat(200_000)]]);
    const archive = Buffer.concat([map, map, map, header({ path: 'a' }), END]);
    await expect(readAll(archive)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('refuses global headers that would have to be read again for every entry', async () => {
    const records = pax([['comment', 'x'.repeat(10_000)]], 'g');
    await expect(readAll(Buffer.concat([records, header({ path: 'a' }), END]))).resolves.toHaveLength(1);
    const archive = Buffer.concat([records, records, header({ path: 'a' }), END]);
    await expect(readAll(archive)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('refuses the longest map of a sparse file that an extended header can hold', async () => {
    const records = pax([
      ['GNU.sparse.size', '1'],
      ['GNU.sparse.map', '1,'.repeat(500_000)],
    ]);
    const archive = Buffer.concat([records, header({ path: 'a' }), END]);
    await expect(readAll(archive)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('does not believe a sparse file of a size that no disk has to be worth its memory', async () => {
    const huge = pax([
      ['GNU.sparse.size', `${2 ** 52}`],
      ['GNU.sparse.map', '0,1'],
    ]);
    const archive = Buffer.concat([huge, header({ size: 1 }), padded('x'), header({ path: 'next' }), END]);
    const sizes: number[] = [];
    for await (const { size } of readTar(inChunks(archive, 512), 'layer x')) sizes.push(size);
    expect(sizes).toEqual([2 ** 52, 0]);
  });

  it('reads the same whatever the chunks', async () => {
    const entry = fc.record({
      name: fc.stringMatching(/^[a-zß]{1,130}(\/[a-z]{1,90})?$/),
      content: fc.uint8Array({ maxLength: 1500 }),
      mode: fc.integer({ min: 1, max: 0o7777 }),
      uid: fc.integer({ min: 0, max: 0o777777 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 6 }),
        fc.integer({ min: 1, max: 1200 }),
        async (entries, chunkSize) => {
          const read = await readAll(await tarArchive(entries), chunkSize);
          expect(read.map(({ path, mode, uid, text }) => ({ path, mode, uid, text }))).toEqual(
            entries.map(({ name, mode, uid, content }) => ({
              path: Buffer.from(name).toString('latin1'),
              mode,
              uid,
              text: Buffer.from(content).toString('latin1'),
            })),
          );
        },
      ),
    );
  });

  it('skips what is not read of a content', async () => {
    const archive = await tarArchive([
      { name: 'a', content: 'a'.repeat(5000) },
      { name: 'b', content: 'b'.repeat(5000) },
      { name: 'c' },
    ]);
    for (const chunkSize of [1, 600, 100_000]) {
      const paths: string[] = [];
      for await (const { path, content } of readTar(inChunks(archive, chunkSize), 'layer x')) {
        paths.push(path);
        if (path === 'b') for await (const _piece of content) break;
      }
      expect(paths).toEqual(['a', 'b', 'c']);
    }
  });

  it('reads the stream to its end behind the end mark', async () => {
    let count = 0;
    async function* counting() {
      for await (const chunk of inChunks(Buffer.concat([header({}), END, Buffer.alloc(9000, 'x')]), 512)) {
        count += chunk.length;
        yield chunk;
      }
    }
    for await (const _entry of readTar(counting(), 'layer x'));
    expect(count).toBe(512 + 1024 + 9000);
  });

  it('takes a size above 4 GiB as it is', async () => {
    const size = 5 * 2 ** 30;
    async function* stream() {
      yield header({ path: 'huge', size });
      const chunk = new Uint8Array(1 << 26);
      for (let at = 0; at < size; at += chunk.length) yield chunk;
      yield header({ path: 'next' });
    }
    const seen: [string, number][] = [];
    for await (const entry of readTar(stream(), 'layer x')) seen.push([entry.path, entry.size]);
    expect(seen).toEqual([
      ['huge', size],
      ['next', 0],
    ]);
  });
});

describe('a damaged or hostile archive', () => {
  const sample = Buffer.concat([
    pax([
      ['path', 'long'],
      ['SCHILY.xattr.user.x', 'value'],
    ]),
    header({ size: 700 }),
    padded('y'.repeat(700)),
    header({ path: 'link', typeflag: '2', linkTarget: 'z' }),
    pax([
      ['GNU.sparse.size', '600'],
      ['GNU.sparse.map', '0,2,500,3'],
    ]),
    header({ path: 'sparse', size: 5 }),
    padded('abcde'),
    END,
  ]);

  it('is malformed when it is cut anywhere but between entries', async () => {
    for (let length = 1; length < sample.length - 1024; length++) {
      const result = await readAll(sample.subarray(0, length)).then(
        () => 'read',
        (error) => error,
      );
      if (result !== 'read') expect(result).toEqual(malformed);
      else expect(length % 512).toBe(0);
    }
  });

  it('never brings up anything but a SourceError, whatever byte is changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (changes, repair) => {
          const copy = Buffer.from(sample);
          for (const [at, byte] of changes) copy[at] = byte;
          // With the check sums put right again, the fields behind them are reached.
          if (repair) for (const at of [0, 1024, 2560, 3072, 4096]) withChecksum(copy.subarray(at, at + 512));
          await readAll(copy).catch((error: unknown) => expect(error).toBeInstanceOf(SourceError));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each<[string, readonly Buffer[], RegExp]>([
    ['a wrong check sum', [Buffer.alloc(512, 'x')], /wrong check sum/],
    ['a single block of zeros', [header({}), Buffer.alloc(512), header({})], /single block of zeros/],
    ['an extended header at its end', [pax([['path', 'x']])], /ends after an extended header/],
    [
      'a record that is too long',
      [header({ typeflag: 'x', size: 10 }), padded('99 path=x\n'), header({})],
      /extended header is damaged/,
    ],
    ['a size that is no number', [pax([['size', '1e3']]), header({})], /size is no number/],
    ['a negative size', [header({ size: -1 })], /size is invalid/],
    ['an owner beyond 32 bits', [pax([['uid', '4294967296']]), header({})], /uid is invalid/],
    ['a device that cannot be', [header({ typeflag: '3', major: 5000 })], /device number is invalid/],
    [
      'a sparse map out of order',
      [
        pax([
          ['GNU.sparse.size', '9'],
          ['GNU.sparse.map', '5,2,0,3'],
        ]),
        header({ size: 5 }),
        padded('abcde'),
      ],
      /map is damaged/,
    ],
    [
      'a sparse map beyond the file',
      [
        pax([
          ['GNU.sparse.size', '3'],
          ['GNU.sparse.map', '0,5'],
        ]),
        header({ size: 5 }),
        padded('abcde'),
      ],
      /map is damaged/,
    ],
    [
      'a sparse map of other data',
      [
        pax([
          ['GNU.sparse.size', '9'],
          ['GNU.sparse.map', '0,4'],
        ]),
        header({ size: 5 }),
        padded('abcde'),
      ],
      /map is damaged/,
    ],
  ])('with %s is malformed', async (_, blocks, message) => {
    const reading = readAll(Buffer.concat(blocks));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toEqual(malformed);
  });

  it.each<[string, Buffer, string]>([
    ['an extended header of 2 MiB', header({ typeflag: 'x', size: 2 ** 21 }), 'too-large'],
    ['a path of 5000 bytes', Buffer.concat([pax([['path', 'p'.repeat(5000)]]), header({})]), 'too-large'],
    ['an unknown type', header({ typeflag: 'D' }), 'unsupported'],
    [
      'an attribute of 70,000 bytes',
      Buffer.concat([pax([['SCHILY.xattr.user.x', 'v'.repeat(70_000)]]), header({})]),
      'malformed',
    ],
  ])('with %s is refused', async (_, bytes, code) => {
    await expect(readAll(bytes)).rejects.toMatchObject({ code, hint: expect.any(String) });
  });
});
