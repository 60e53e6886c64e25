import type { ByteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import { checkImageFileName } from '../store/image-file-name.ts';
import type { Arrival } from './fetch-http.ts';
import { DOWNLOAD_MAX, type FetchedImage, type FetchRequest } from './fetched-image.ts';
import { PartialFile } from './partial-file.ts';
import { fileNameOf, type ImageUri, parseImageUri } from './uri.ts';

/**
 * Brings an image into the directory of the store as a partial file, for the caller to verify and to give it its name.
 *
 * What arrived of a download that breaks off stays where it can be gone on with; everything else is removed.
 *
 * @throws NodeError: 'bad-uri', 'bad-name', 'not-found', 'ambiguous', 'exists' for a file that is in the store by that
 * name itself, 'busy' while another agent downloads an image of that name, 'digest-mismatch', 'no-space',
 * 'download-failed', 'refused', 'configuration', 'io'; and the reason of the signal.
 */
export async function fetchImage(request: FetchRequest): Promise<FetchedImage> {
  const { kind, name, signal } = request;
  const uri = parseImageUri(request.uri);
  const sha256 = request.sha256 === undefined ? undefined : parsedDigest(request.sha256);
  signal?.throwIfAborted();
  if (uri.scheme === 'oci') {
    const { fetchOci } = await import('./fetch-oci.ts');
    return fetchOci(uri.reference, request, (fileName, bring) => bringInto(fileName, request, sha256, bring));
  }
  const fileName = name ?? fileNameOf(uri)!;
  checkImageFileName(fileName, kind);
  return bringInto(fileName, request, sha256, (partial) => bring(uri, partial, request, fileName));
}

async function bring(
  uri: Exclude<ImageUri, { scheme: 'oci' }>,
  partial: PartialFile,
  request: FetchRequest,
  fileName: ByteString,
): Promise<Arrival> {
  if (uri.scheme === 'http') {
    const { fetchHttp } = await import('./fetch-http.ts');
    return fetchHttp(uri, partial, request);
  }
  const { fetchFile } = await import('./fetch-file.ts');
  return fetchFile(uri.path, partial, request, fileName);
}

/** Opens the partial file of a name, lets it be filled, and makes it the image that was brought. */
async function bringInto(
  fileName: ByteString,
  { directory, configuration, signal }: FetchRequest,
  sha256: string | undefined,
  fill: (partial: PartialFile) => Promise<Arrival>,
): Promise<FetchedImage> {
  const limit = configuration.downloadLimit ?? DOWNLOAD_MAX;
  const partial = await PartialFile.open({ directory, fileName, limit });
  try {
    const arrival = await fill(partial);
    const digest = await partial.complete(signal);
    if (sha256 !== undefined && digest !== sha256) throw mismatch(fileName, digest, sha256);
    return {
      fileName,
      partial: partial.names.part,
      size: partial.size,
      sha256: digest,
      content: partial.content,
      ...arrival,
      discard: () => partial.remove(),
      release: () => partial.keep(),
      [Symbol.asyncDispose]: () => (signal?.aborted === true ? partial.keep() : partial.remove()),
    };
  } catch (error) {
    // What the network did not bring to its end may be brought later; everything else would fail again.
    const isBrokenOff =
      signal?.aborted === true || (error instanceof NodeError && error.code === 'download-failed');
    await (isBrokenOff ? partial.keep() : partial.remove());
    throw error;
  }
}

function parsedDigest(text: string): string {
  const [, digits] = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text) ?? [];
  if (digits !== undefined) return digits.toLowerCase();
  throw new NodeError('bad-name', `'${escapeControls(text.slice(0, 200))}' is no SHA-256`, {
    hint: 'give 64 hexadecimal digits, as sha256sum prints them',
  });
}

function mismatch(fileName: ByteString, found: string, wanted: string): NodeError {
  return new NodeError(
    'digest-mismatch',
    `${displayName(fileName)}: the bytes received have the SHA-256 ${found}, not ${wanted}`,
    {
      hint: 'the image was damaged or exchanged on the way, or the digest is that of another: do not use it',
    },
  );
}
