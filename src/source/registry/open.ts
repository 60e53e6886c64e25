import { createHash } from 'node:crypto';
import { SourceError } from '../error.ts';
import type { ContentStore } from '../oci/content-store.ts';
import { DOCUMENT_MAX } from '../oci/documents.ts';
import { openImage } from '../oci/image.ts';
import { DOCUMENT_MEDIA_TYPES, isIndex, isManifest } from '../oci/media-types.ts';
import type { Source } from '../source.ts';
import { readBlob } from './read-blob.ts';
import { formatReference, type ImageReference } from './reference.ts';
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts';

/** How an image in a registry is opened. */
export interface OpenRegistryImageOptions extends RegistryClientOptions {
  /** The architecture wanted, in Go's terms. */
  readonly architecture: string;
}

const ACCEPT = { accept: DOCUMENT_MEDIA_TYPES.join(', ') };

/**
 * Opens an image in a registry. Its layers are read from there when they are asked for, nothing is kept.
 *
 * @throws SourceError, `not-found` where the registry has no such image or platform.
 */
export async function openRegistryImage(
  reference: ImageReference,
  options: OpenRegistryImageOptions,
): Promise<Source> {
  const { architecture, signal } = options;
  const description = `docker://${formatReference(reference)}`;
  const client = await RegistryClient.open(reference, options);
  let root: Awaited<ReturnType<typeof readRoot>>;
  try {
    root = await readRoot(client, reference, description, signal);
  } catch (error) {
    client.close();
    throw error;
  }
  return openImage(registryStore(client, description), root, {
    description,
    architecture,
    ...(signal && { signal }),
    close: async () => client.close(),
  });
}

/** The document that a reference names, checked against every digest that is known of it. */
async function readRoot(
  client: RegistryClient,
  { tag, digest }: ImageReference,
  description: string,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array; mediaType: string | undefined }> {
  const path = `manifests/${digest ?? tag}`;
  const { headers, body: bytes } = await client.getDocument(path, description, ACCEPT, DOCUMENT_MAX, signal);
  if (bytes === undefined) {
    throw new SourceError('too-large', `the manifest of ${description} has more than ${DOCUMENT_MAX} bytes`);
  }
  const stated = headers['docker-content-digest'];
  checkRootDigest(bytes, digest, description, 'asked for');
  if (digest === undefined && typeof stated === 'string') {
    checkRootDigest(bytes, stated, description, 'that the registry states');
  }
  const mediaType = headers['content-type']?.replace(/;.*$/s, '').trim().toLowerCase();
  // Some registries give every document as plain JSON; then the document itself says what it is.
  const isKnown = mediaType !== undefined && (isIndex(mediaType) || isManifest(mediaType));
  return { bytes, mediaType: isKnown ? mediaType : undefined };
}

function checkRootDigest(
  bytes: Uint8Array,
  digest: string | undefined,
  description: string,
  whose: string,
): void {
  const [, algorithm] = /^(sha256|sha512):/.exec(digest ?? '') ?? [];
  if (algorithm === undefined) return;
  const found = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (found === digest) return;
  throw new SourceError(
    'digest-mismatch',
    `the manifest of ${description} has the digest ${found}, not the one ${whose}, ${digest}`,
    { hint: 'the content was damaged or exchanged on the way, or in the registry: do not use it' },
  );
}

function registryStore(client: RegistryClient, description: string): ContentStore {
  return {
    async readDocument({ mediaType, digest, size }, signal) {
      const isRoot = isManifest(mediaType) || isIndex(mediaType);
      const path = `${isRoot ? 'manifests' : 'blobs'}/${digest}`;
      const what = `${isRoot ? 'manifest' : 'configuration'} ${digest.slice(0, 19)} of ${description}`;
      const { body } = await client.getDocument(path, what, isRoot ? ACCEPT : {}, size, signal);
      if (body !== undefined) return body;
      throw new SourceError(
        'digest-mismatch',
        `${what} has more than the ${size} bytes that were announced`,
        {
          hint: 'the content was exchanged, or the manifest lies: do not use it',
        },
      );
    },
    openBlob({ digest, size }, options) {
      const what = `layer ${digest.slice(0, 19)} of ${description}`;
      return readBlob({ client, digest, size, what }, options);
    },
  };
}
