import { strict as assert } from 'node:assert';
import { CodedError } from '../../src/base/error.ts';
import type { FileSystem, Inode } from '../../src/image/file-system.ts';

/** Bytes of content that are read of one file system: holes make files far larger than the image. */
const CONTENT_MAX = 4 * 1024 * 1024;
const FILE_MAX = 1024 * 1024;
/** How many paths are looked up again. */
const LOOKUPS_MAX = 16;
/** A name takes some bytes of an image, however it is stored; compressed directories may repeat themselves. */
const NAMES_MAX = 100_000;

/**
 * Reads everything in a file system. Damage may end the reading of an inode with a CodedError; whatever is read obeys
 * the promises of {@link FileSystem}.
 *
 * @returns The first such error but that of the walk itself, which is thrown.
 */
export async function checkFileSystem<I extends Inode>(
  fileSystem: FileSystem<I>,
  sourceSize: number,
): Promise<CodedError | undefined> {
  let damage: CodedError | undefined;
  const tolerating = async (read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      damage ??= error;
    }
  };
  assert(fileSystem.size >= 0 && fileSystem.size <= sourceSize, `${fileSystem.size} bytes of ${sourceSize}`);
  let names = 0;
  let contentLeft = CONTENT_MAX;
  const lookups: { path: string; nid: number }[] = [];
  try {
    for await (const { path, inode } of fileSystem.walk()) {
      names += 1;
      if (names > NAMES_MAX) break;
      checkInode(path, inode);
      if (lookups.length < LOOKUPS_MAX) lookups.push({ path, nid: inode.nid });
      await tolerating(async () => void (await fileSystem.xattrs(inode)));
      if (inode.type === 'symlink') await tolerating(() => checkLink(fileSystem, inode));
      if (inode.type === 'file') {
        await tolerating(async () => {
          contentLeft -= await readSome(fileSystem, inode, contentLeft);
        });
      }
    }
  } finally {
    // What a walk found is where it says, even if the walk came to damage later.
    for (const { path, nid } of lookups) {
      await tolerating(async () =>
        assert.equal((await fileSystem.lookup(path))?.nid, nid, `lookup of ${path}`),
      );
    }
  }
  return damage;
}

function checkInode(path: string, inode: Inode): void {
  assert(Number.isSafeInteger(inode.size) && inode.size >= 0, `${path}: size ${inode.size}`);
  assert(inode.mode >= 0 && inode.mode <= 0o7777, `${path}: mode ${inode.mode}`);
  for (const part of path.split('/').filter((_, __, parts) => parts.length > 1)) {
    assert(
      part !== '' && part !== '.' && part !== '..' && !part.includes('\0'),
      `name ${JSON.stringify(part)}`,
    );
  }
}

async function checkLink<I extends Inode>(fileSystem: FileSystem<I>, inode: I): Promise<void> {
  const target = await fileSystem.linkTarget(inode);
  assert.equal(target.length, inode.size, 'length of a link target');
  assert(target.length > 0 && !target.includes('\0'), 'link target');
}

/** Reads a file up to a limit, whole if it is small, then once more; how much it was. */
async function readSome<I extends Inode>(
  fileSystem: FileSystem<I>,
  inode: I,
  limit: number,
): Promise<number> {
  let length = 0;
  const pieces: Uint8Array[] = [];
  for await (const piece of fileSystem.content(inode)) {
    assert(piece.length > 0, 'a piece of nothing');
    length += piece.length;
    if (length > limit) return limit;
    pieces.push(piece.slice());
  }
  assert.equal(length, inode.size, `content of inode ${inode.nid}`);
  if (length <= FILE_MAX) {
    const whole = await fileSystem.readFile(inode, FILE_MAX);
    assert(Buffer.concat(pieces).equals(whole), `inode ${inode.nid} reads differently the second time`);
  }
  return length;
}
