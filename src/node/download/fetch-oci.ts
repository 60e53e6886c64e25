import type { ByteString } from '../../base/byte-string.ts';
import type { ImageReference } from '../../source/registry/reference.ts';
import type { Arrival } from './fetch-http.ts';
import type { FetchedImage, FetchRequest } from './fetched-image.ts';
import type { PartialFile } from './partial-file.ts';

/** Opens the partial file of a name, lets it be filled, and makes it the image that was brought. */
export type Bring = (
  fileName: ByteString,
  fill: (partial: PartialFile) => Promise<Arrival>,
) => Promise<FetchedImage>;

export async function fetchOci(
  reference: ImageReference,
  request: FetchRequest,
  bring: Bring,
): Promise<FetchedImage> {
  throw new Error(`${reference.repository} ${request.uri} ${bring.name}`);
}
