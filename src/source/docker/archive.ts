import * as v from 'valibot';
import { utf8ByteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import type { PlainArchive } from '../archive/plain-archive.ts';
import type { Member } from '../archive/tar-index.ts';
import { SourceError } from '../error.ts';
import { DOCUMENT_MAX, parseConfig } from '../oci/documents.ts';
import { checkPlatform } from '../oci/platform.ts';
import { parseReference, sameImage } from '../registry/reference.ts';
import type { Source } from '../source.ts';
import { tarLayer } from '../tar-layer.ts';

/** The list of images in an archive of `docker save` (moby, image/tarexport). */
const manifestList = v.pipe(
  v.array(
    v.object({
      Config: v.string(),
      RepoTags: v.optional(v.nullable(v.array(v.string()))),
      Layers: v.pipe(v.array(v.string()), v.maxLength(500)),
    }),
  ),
  v.maxLength(1000),
);

type ArchivedImage = v.InferOutput<typeof manifestList>[number];

/** How an image of an archive is opened. */
export interface OpenArchivedImageOptions {
  /** For messages, such as `docker-archive:app.tar`. */
  readonly description: string;
  /** The image; undefined for the only one. */
  readonly reference: string | undefined;
  /** The architecture wanted, in Go's terms. */
  readonly architecture: string;
}

/**
 * Opens an image of an archive that `docker save`, podman or skopeo wrote. Takes the archive over: the source closes
 * it. Layers are checked against the digests in the image's configuration.
 */
export async function openArchivedImage(
  archive: PlainArchive,
  options: OpenArchivedImageOptions,
): Promise<Source> {
  try {
    return await open(archive, options);
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function open(archive: PlainArchive, options: OpenArchivedImageOptions): Promise<Source> {
  const { description, reference, architecture } = options;
  const image = chooseImage(await readManifestList(archive, description), reference, description);
  const config = parseConfig(
    await readMember(archive, image.Config, description),
    `the configuration of ${description}`,
  );
  checkPlatform(config, architecture, description);
  const { diff_ids: diffIds } = config.rootfs;
  if (image.Layers.length === 0) throw new SourceError('unsupported', `${description} has no layers`);
  if (image.Layers.length !== diffIds.length) {
    throw new SourceError(
      'malformed',
      `${description}: its manifest lists ${image.Layers.length} layers, its configuration ${diffIds.length}`,
    );
  }
  return {
    description,
    architecture: config.architecture === '' ? undefined : config.architecture,
    warnings: [],
    layers: image.Layers.map((name, index) => {
      const { offset, size } = findMember(archive, name, description);
      return tarLayer({
        description: `layer ${diffIds[index]!.slice(0, 19)} of ${description}`,
        size,
        unpackedDigest: diffIds[index]!,
        open: (readOptions) => archive.file.pieces(offset, size, readOptions),
      });
    }),
    close: () => archive.close(),
  };
}

async function readManifestList(
  archive: PlainArchive,
  description: string,
): Promise<readonly ArchivedImage[]> {
  if (archive.index.member('manifest.json') === undefined) {
    throw new SourceError('malformed', `${description}: there is no manifest.json in the archive`, {
      hint: 'for an OCI layout write oci-archive:FILE, for a tree tar:FILE',
    });
  }
  const bytes = await readMember(archive, 'manifest.json', description);
  try {
    return v.parse(manifestList, JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    throw new SourceError('malformed', `${description}: its manifest.json is not what docker save writes`, {
      cause: error,
    });
  }
}

function chooseImage(
  images: readonly ArchivedImage[],
  reference: string | undefined,
  description: string,
): ArchivedImage {
  const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []).map(escapeControls);
  const has = tags.length === 0 ? 'no tags' : tags.slice(0, 20).join(', ');
  if (reference === undefined) {
    const [only, second] = images;
    if (only === undefined) throw new SourceError('not-found', `${description}: the archive has no image`);
    if (second === undefined) return only;
    throw new SourceError('bad-reference', `${description} has several images: ${has}`, {
      hint: `name one of them: ${description}:REF`,
    });
  }
  const wanted = parseReference(reference);
  const found = images.find(({ RepoTags }) =>
    (RepoTags ?? []).some((tag) => sameImage(parseReference(tag), wanted)),
  );
  if (found !== undefined) return found;
  throw new SourceError('not-found', `${description}: the archive has no such image; it has: ${has}`);
}

function findMember(archive: PlainArchive, name: string, description: string): Member {
  const member = archive.index.member(utf8ByteString(name));
  if (member !== undefined) return member;
  throw new SourceError(
    'malformed',
    `${description}: there is no ${displayName(utf8ByteString(name))} in the archive`,
  );
}

async function readMember(archive: PlainArchive, name: string, description: string): Promise<Uint8Array> {
  const { offset, size } = findMember(archive, name, description);
  if (size > DOCUMENT_MAX)
    throw new SourceError('too-large', `${description}: its ${escapeControls(name)} has ${size} bytes`);
  return archive.file.read(offset, size);
}
