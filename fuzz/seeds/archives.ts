import { END, header, padded, pax, withChecksum } from '../../test/source/tar/pack.ts';

function file(path: string, content: string): Buffer {
  return Buffer.concat([header({ path, size: content.length }), padded(content)]);
}

/** Small tar archives: one of every type, pax records, GNU's long names, every format of sparse files. */
export function tarArchives(): Uint8Array[] {
  const sparse = header({ path: 'gnu', typeflag: 'S', size: 512 });
  sparse.write('00000000000\x0000000001000\x00', 386, 'latin1');
  sparse.write('00000002000\x0000000000000\x00', 410, 'latin1');
  sparse.write('00000002000\x00', 483, 'latin1');
  const archives = [
    [
      header({ path: 'usr/', typeflag: '5', mode: 0o755 }),
      file('usr/file', 'content'),
      header({ path: 'usr/link', typeflag: '2', linkTarget: 'file' }),
      header({ path: 'usr/hard', typeflag: '1', linkTarget: 'usr/file' }),
      header({ path: 'null', typeflag: '3', major: 1, minor: 3 }),
      header({ path: 'disk', typeflag: '4', major: 8 }),
      header({ path: 'fifo', typeflag: '6' }),
      file('big', 'x'.repeat(3000)),
    ],
    [
      pax([['mtime', '1700000000.5']], 'g'),
      pax([
        ['path', 'l'.repeat(300)],
        ['uid', '3000000'],
        ['SCHILY.xattr.user.name', 'value\n\0'],
        ['LIBARCHIVE.xattr.user.other', 'dmFsdWU'],
      ]),
      file('short', 'abc'),
    ],
    [
      header({ path: '././@LongLink', typeflag: 'L', size: 200 }),
      padded('n'.repeat(200)),
      header({ path: '././@LongLink', typeflag: 'K', size: 150 }),
      padded('t'.repeat(150)),
      header({ path: 'n', typeflag: '2', linkTarget: 't' }),
    ],
    [
      pax([
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.name', 'sparse'],
        ['GNU.sparse.realsize', '5000'],
      ]),
      file('GNUSparseFile.0/sparse', `1\n4000\n512\n${'\0'.repeat(501)}${'d'.repeat(512)}`),
      pax([
        ['GNU.sparse.size', '2000'],
        ['GNU.sparse.numblocks', '2'],
        ['GNU.sparse.map', '0,10,1000,5'],
      ]),
      file('old', 'd'.repeat(15)),
      withChecksum(sparse),
      padded('s'.repeat(512)),
    ],
  ];
  return archives.map((parts) => new Uint8Array(Buffer.concat([...parts, END])));
}
