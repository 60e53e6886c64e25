import type { FetchedImage, FetchRequest } from './fetched-image.ts';

/**
 * Brings an image into the directory of the store as a partial file, for the caller to verify and to give it its name.
 *
 * What arrived of a download that breaks off stays where it can be gone on with; everything else is removed.
 *
 * @throws NodeError: 'bad-uri', 'bad-name', 'not-found', 'ambiguous', 'exists' for a file that is in the store by that
 * name itself, 'busy' while another agent downloads an image of that name, 'digest-mismatch', 'no-space',
 * 'download-failed', 'refused', 'io'; and the reason of the signal.
 */
export async function fetchImage(request: FetchRequest): Promise<FetchedImage> {
  throw new Error(`not yet: ${request.uri}`);
}
