import type { ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { EntryStatus, HostDirectory } from '../host/host.ts';
import { errorCode } from '../host/system-error.ts';
import type { StoreContents, StoredImage } from '../store/store-contents.ts';
import type { ImageFacts } from './image-facts.ts';

/** Facts of images by their file names, each with the identity of the file that it was read from. */
type FactsIndex = Readonly<Record<ByteString, { readonly file: string; readonly facts: ImageFacts }>>;

/** The index: a cache beside the images, which anybody may read and nobody must rely on. */
const INDEX_NAME = '.#facts.json';
const INDEX_MAX = 8 * 1024 * 1024;

/**
 * Facts of the images in a store: from the index where it knows the very file, else from the image. That one cannot be read is a
 * fact, too.
 */
export async function readFacts(
  directory: HostDirectory,
  images: readonly StoredImage[],
  kind: ExtensionKind,
): Promise<Map<ByteString, ImageFacts>> {
  const factsOf = indexedFacts(directory);
  const facts = new Map<ByteString, ImageFacts>();
  for (const image of images) {
    try {
      const found = factsOf(image.fileName, image.status) ?? (await readImage(directory, image, kind));
      if (found !== undefined) facts.set(image.fileName, found);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      facts.set(image.fileName, unreadable(error));
    }
  }
  return facts;
}

/** Reads facts from an image; undefined where it was removed since the directory was read. Throws a NodeError ('io'). */
async function readImage(
  directory: HostDirectory,
  { fileName }: StoredImage,
  kind: ExtensionKind,
): Promise<ImageFacts | undefined> {
  // What reads images is large, and a listing mostly does without.
  const { readImageFacts } = await import('./image-facts.ts');
  using reader = directory.openFile(fileName);
  return reader && (await readImageFacts(reader, fileName, kind));
}

/** What is known of an image that this user may not read, or that the disk does not give. */
function unreadable(error: NodeError): ImageFacts {
  const problem = errorCode(error) === 'EACCES' ? 'permission denied' : error.message;
  return { version: undefined, signedBy: undefined, rootHash: undefined, problem };
}

/** The facts of images that the index knows; undefined of one that it does not know, or that was changed since. */
export function indexedFacts(
  directory: HostDirectory,
): (fileName: ByteString, status: EntryStatus) => ImageFacts | undefined {
  const index = readIndex(directory);
  return (fileName, status) => {
    const known = Object.hasOwn(index, fileName) ? index[fileName] : undefined;
    return known?.file === identityOf(status) ? known.facts : undefined;
  };
}

/** Writes the index anew where images came, went or changed. A store that has no space for it has none. */
export async function updateIndex(directory: HostDirectory, { images, kind }: StoreContents): Promise<void> {
  const old = readIndex(directory);
  const isCurrent =
    Object.keys(old).length === images.length &&
    images.every(
      ({ fileName, status }) => Object.hasOwn(old, fileName) && old[fileName]?.file === identityOf(status),
    );
  if (isCurrent) return;
  try {
    const factsOf = indexedFacts(directory);
    const entries: [ByteString, FactsIndex[string]][] = [];
    for (const image of images) {
      const { fileName, status } = image;
      const facts = factsOf(fileName, status) ?? (await readImage(directory, image, kind));
      if (facts !== undefined) entries.push([fileName, { file: identityOf(status), facts }]);
    }
    await writeIndex(directory, Object.fromEntries(entries));
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
  }
}

async function writeIndex(directory: HostDirectory, index: FactsIndex): Promise<void> {
  const made = `${INDEX_NAME}.new`;
  directory.unlink(made);
  {
    await using writer = directory.openWriter(made, { existing: false });
    await writer.write(Buffer.from(JSON.stringify(index)));
    writer.publish();
  }
  directory.rename(made, INDEX_NAME);
}

function readIndex(directory: HostDirectory): FactsIndex {
  try {
    using reader = directory.openFile(INDEX_NAME);
    if (reader === undefined || reader.status.size > INDEX_MAX) return {};
    const bytes = reader.head.read(0, reader.status.size);
    const index: unknown = JSON.parse(Buffer.from(bytes as Uint8Array).toString('utf8'));
    return isIndex(index) ? index : {};
  } catch (error) {
    // A cache that cannot be read is none.
    if (error instanceof NodeError || error instanceof SyntaxError) return {};
    throw error;
  }
}

function isIndex(value: unknown): value is FactsIndex {
  return isRecord(value) && Object.values(value).every(isEntry);
}

function isEntry(value: unknown): boolean {
  if (!isRecord(value) || typeof value.file !== 'string' || !isRecord(value.facts)) return false;
  const { version, signedBy, rootHash, problem } = value.facts;
  return [version, signedBy, rootHash, problem].every(
    (text) => text === undefined || (typeof text === 'string' && text.length <= 4096),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What changes whenever a file is replaced or written to. */
function identityOf({ inode, size, modified, changed }: EntryStatus): string {
  return `${inode}:${size}:${modified}:${changed}`;
}
