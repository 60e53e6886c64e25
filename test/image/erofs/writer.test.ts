import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ByteString } from '../../../src/base/byte-string.ts';
import type { DirectoryNode, ErofsNode } from '../../../src/image/erofs/tree.ts';
import { ErofsWriter } from '../../../src/image/erofs/writer.ts';
import { MemoryScratch } from '../../../src/image/scratch.ts';
import { attributes, BUILD_TIME, directory, TestImage, UUID } from './build-image.ts';
import { describeImage, describeTree, sha256 } from './describe.ts';
import { MemorySink } from './memory-sink.ts';

const leaf = (): ErofsNode => ({ type: 'fifo', ...attributes() });

describe('an image', () => {
  test('of nothing is a superblock and a block with the root', async () => {
    const image = new TestImage();
    const summary = await image.finish(directory());
    expect(summary).toMatchObject({ blocks: 2, inodes: 1, metadataBlocks: 1 });
    const bytes = image.sink.bytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(bytes.subarray(0, 1024).every((byte) => byte === 0)).toBe(true);
    expect(view.getUint32(1024, true)).toBe(0xe0f5e1e2);
    // Check sum and times of inodes; nothing that a kernel could refuse.
    expect([view.getUint32(1032, true), view.getUint32(1104, true)]).toEqual([3, 0]);
    expect(bytes.subarray(1072, 1088)).toEqual(UUID);
    // A compact inode: directory with `.` and `..` beside it.
    expect(view.getUint16(4096, true)).toBe(2 << 1);
    expect(view.getUint16(4100, true)).toBe(0o40755);
  });

  test('is the same as ever', async () => {
    const image = new TestImage();
    const xattrs = new Map([['security.capability', Uint8Array.of(1, 0, 0, 2)]]);
    const file = await image.file('content', { xattrs });
    const large = await image.file(new Uint8Array(200_000).fill(1, 150_000), {
      mtime: { seconds: 1, nanoseconds: 2 },
    });
    const link: ErofsNode = { type: 'symlink', ...attributes(), target: 'large' };
    const children: [ByteString, ErofsNode][] = [
      ['file', file],
      ['again', file],
      ['large', large],
      ['link', link],
    ];
    await image.finish(directory([...children, ['sub', directory([['x', leaf()]], { xattrs })]]));
    // Images that were published must be found again from the same input: change this only with the version.
    expect(sha256(image.sink.bytes())).toBe(
      '19c0679210da31510c2bed2af4d5b7d93b96e862c7afaf452372bdead7393958',
    );
  });

  test('says that it has chunked files only if it has', async () => {
    const image = new TestImage();
    await image.finish(directory([['sparse', await image.file(new Uint8Array(65_536))]]));
    expect((await image.open()).superblock.featureIncompat).toBe(4);
  });

  test('has small inodes for the build time and ids up to 65,535 only', async () => {
    const size = async (given: Parameters<typeof attributes>[0]): Promise<number> => {
      const image = new TestImage();
      const nodes = Array.from(
        { length: 1000 },
        (_, index) => [String(index), { type: 'fifo', ...attributes(given) }] as const,
      );
      return (await image.finish(directory(nodes))).metadataBlocks;
    };
    const compact = await size({ uid: 65_535, gid: 65_535 });
    expect((await size({ uid: 65_536 })) - compact).toBe(8);
    expect((await size({ gid: 65_536 })) - compact).toBe(8);
    expect((await size({ mtime: { ...BUILD_TIME, nanoseconds: 0 } })) - compact).toBe(8);
  });

  test('stores attributes of more than two inodes once', async () => {
    const sizeWith = async (inodes: number): Promise<number> => {
      const image = new TestImage();
      const xattrs = new Map([['user.large', new Uint8Array(50_000)]]);
      const nodes = Array.from(
        { length: inodes },
        (_, index) => [`${index}`, { type: 'fifo', ...attributes({ xattrs }) }] as const,
      );
      const root = directory(nodes);
      const summary = await image.finish(root);
      expect(await describeImage(await image.open())).toEqual(describeTree(root, image.contents));
      return summary.metadataBlocks;
    };
    expect(await sizeWith(2)).toBeGreaterThan(24);
    expect(await sizeWith(3)).toBeLessThan(15);
    expect(await sizeWith(50)).toBeLessThan(15);
  });

  test('may be 20,000 directories deep', async () => {
    const image = new TestImage();
    let root = directory([['bottom', leaf()]]);
    for (let level = 0; level < 20_000; level++) root = directory([['d', root]]);
    expect((await image.finish(root)).inodes).toBe(20_002);
    let deepest = '';
    for await (const { path } of (await image.open()).walk()) deepest = path;
    expect(deepest).toBe(`${'d/'.repeat(20_000)}bottom`);
  });

  test('may go to a sink and a scratch store that take their time', async () => {
    const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const run = async (slow: boolean): Promise<Buffer> => {
      const sink = new MemorySink();
      const memory = new MemoryScratch();
      const late = async <T>(answer: () => T): Promise<T> => {
        await tick();
        return answer();
      };
      const slowSink = {
        get blocks() {
          return sink.blocks;
        },
        append: (bytes: Uint8Array) => late(() => sink.append(bytes)),
        truncate: (blocks: number) => late(() => sink.truncate(blocks)),
        replace: (block: number, bytes: Uint8Array) => late(() => sink.replace(block, bytes)),
        digests: (start: number, count: number) => late(() => sink.digests(start, count)),
      };
      const slowScratch = {
        append: (bytes: Uint8Array) => late(() => memory.append(bytes)),
        read: (offset: number, length: number) => late(() => memory.read(offset, length)),
      };
      const writer = new ErofsWriter({
        sink: slow ? slowSink : sink,
        scratch: slow ? slowScratch : memory,
        uuid: UUID,
        fingerprint: (bytes) => createHash('sha256').update(bytes).digest('hex'),
      });
      const children = new Map<ByteString, ErofsNode>();
      const piece = new Uint8Array(50_000);
      for (let index = 0; index < 12; index++) {
        // One buffer for every piece, as a source may do.
        async function* content(): AsyncGenerator<Uint8Array> {
          for (let part = 0; part < 5; part++) {
            yield piece.fill(index % 4);
            if (slow) await tick();
          }
        }
        const data = await writer.storeFile(250_000, new Map(), content());
        children.set(`file-${index}`, { type: 'file', ...attributes(), data });
      }
      for (let index = 0; index < 500; index++) children.set(`a-name-that-is-long-${index}`, leaf());
      await writer.finish(directory(children), { buildTime: BUILD_TIME });
      return Buffer.from(sink.bytes());
    };
    expect(Buffer.compare(await run(true), await run(false))).toBe(0);
  });
});

describe('what cannot be stored is refused with its path', () => {
  const refused = async (root: DirectoryNode, code: string, message: string | RegExp): Promise<void> => {
    const failure = new TestImage().finish(root);
    await expect(failure).rejects.toMatchObject({ name: 'ImageError', code });
    await expect(failure).rejects.toThrow(message);
  };
  const inside = (node: ErofsNode): DirectoryNode => directory([['usr', directory([['x', node]])]]);

  test.each([
    ['', /^\/usr\/: the name is empty/],
    ['n'.repeat(256), /256 bytes, at most 255/],
    ['.', /cannot be '\.'/],
    ['..', /cannot be '\.\.'/],
    ['a/b', /slash/],
    ['a\0b', /^\/usr\/a\\x00b: /],
    ['snowman \u2603', /not a byte/],
  ])('name %j', (name, message) =>
    refused(directory([['usr', directory([[name, leaf()]])]]), 'unrepresentable', message),
  );

  test.each([
    [{ mode: 0o10000 }, 'mode 4096'],
    [{ mode: -1 }, 'mode -1'],
    [{ uid: 2 ** 32 }, 'owner 4294967296'],
    [{ gid: 1.5 }, 'group 1.5'],
    [{ mtime: { seconds: -1, nanoseconds: 0 } }, 'time in seconds -1'],
    [{ mtime: { seconds: 2 ** 53, nanoseconds: 0 } }, 'time in seconds'],
    [{ mtime: { seconds: 0, nanoseconds: 1e9 } }, 'nanoseconds of the time 1000000000'],
  ])('attributes %j', (given, message) =>
    refused(inside({ type: 'fifo', ...attributes(given) }), 'out-of-range', `/usr/x: the ${message}`),
  );

  test.each([
    ['character-device', 4096, 0, 'major'],
    ['block-device', 0, 2 ** 20, 'minor'],
  ] as const)('%s %i:%i', (type, major, minor, message) =>
    refused(
      inside({ type, ...attributes(), major, minor }),
      'out-of-range',
      `/usr/x: the ${message} device number`,
    ),
  );

  test.each([
    ['', 'is empty'],
    ['t'.repeat(4096), 'has 4096 bytes, at most 4095'],
    ['a\0b', 'holds a NUL'],
  ])('link target %j', (target, message) =>
    refused(
      inside({ type: 'symlink', ...attributes(), target }),
      'unrepresentable',
      `/usr/x: the target of the symbolic link ${message}`,
    ),
  );

  test.each([
    ['system.nfs4_acl', 0, 'has no form in EROFS'],
    ['overlay.opaque', 0, 'has no form in EROFS'],
    ['user.', 0, 'has no form in EROFS'],
    ['system.posix_acl_access.x', 0, 'has no form in EROFS'],
    [`user.${'n'.repeat(251)}`, 0, 'has a name of more than 255 bytes'],
    ['user.a\0b', 0, 'has a name that is not bytes other than NUL'],
    ['user.large', 65_536, 'has a value of more than 65535 bytes'],
  ])('attribute %j of %i bytes', (name, size, message) => {
    const xattrs = new Map([[name, new Uint8Array(size)]]);
    return refused(inside({ type: 'fifo', ...attributes({ xattrs }) }), 'unrepresentable', message);
  });

  test('attributes of more than an inode can have', () => {
    const xattrs = new Map(
      Array.from({ length: 5 }, (_, index) => [`user.${index}`, new Uint8Array(60_000)] as const),
    );
    return refused(
      inside({ type: 'fifo', ...attributes({ xattrs }) }),
      'unrepresentable',
      /^\/usr\/x: .* take 300052 bytes/,
    );
  });

  test('a directory with two names, and one inside itself', async () => {
    const twice = directory();
    await refused(
      directory([
        ['a', twice],
        ['b', twice],
      ]),
      'unrepresentable',
      '/b: this directory is already in the tree, as /a',
    );
    const circle = directory();
    circle.children.set('self', circle);
    await refused(circle, 'unrepresentable', '/self: this directory is already in the tree, as /');
  });

  test('attributes that grew after the content was stored', async () => {
    const image = new TestImage();
    const file = await image.file(new Uint8Array(4000).fill(1));
    const grown = { ...file, xattrs: new Map([['user.x', new Uint8Array(100)]]) };
    await expect(image.finish(inside(grown))).rejects.toThrow('/usr/x: the extended attributes are larger');
  });

  test('a UUID of another length, and a build time before 1970', async () => {
    const options = { sink: new MemorySink(), scratch: new MemoryScratch(), fingerprint: sha256 };
    expect(() => new ErofsWriter({ ...options, uuid: new Uint8Array(15) })).toThrow('has 16 bytes, not 15');
    await expect(new TestImage().finish(directory(), { seconds: -1, nanoseconds: 0 })).rejects.toThrow(
      'the file system: ',
    );
  });
});
