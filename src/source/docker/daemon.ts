import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { spoolArchive } from '../archive/plain-archive.ts';
import { SourceError } from '../error.ts';
import { platformName } from '../oci/platform.ts';
import { familiarReference, type ImageReference } from '../registry/reference.ts';
import type { Source } from '../source.ts';
import { openArchivedImage } from './archive.ts';
import { findDaemon } from './daemon-address.ts';
import { DaemonClient } from './daemon-client.ts';

/** What is needed of an image that the daemon describes (Docker Engine API, ImageInspect). */
const imageInspect = v.object({ Id: v.string(), Os: v.string(), Architecture: v.string() });

/** How an image in the Docker daemon is opened. */
export interface OpenDaemonImageOptions {
  /** The architecture wanted, in Go's terms. */
  readonly architecture: string;
  /** Names the daemon. */
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Opens an image in the Docker daemon, or in podman that imitates it. The daemon gives an image only as a whole, so
 * that it is kept in a temporary file until the source is closed.
 *
 * @throws SourceError `not-found` where the daemon has no such image, or one of another platform; `unreachable` where
 * there is no daemon.
 */
export async function openDaemonImage(
  reference: ImageReference,
  { architecture, environment, signal }: OpenDaemonImageOptions,
): Promise<Source> {
  const name = familiarReference(reference);
  const description = `docker-daemon:${name}`;
  const client = await DaemonClient.open(await findDaemon(environment), signal);
  const image = await client.getJson(`/images/${name}/json`, imageInspect, description, signal);
  if (image.Os !== 'linux' || image.Architecture !== architecture) {
    const platform = escapeControls(platformName({ os: image.Os, architecture: image.Architecture }));
    throw new SourceError(
      'not-found',
      `${description}: the daemon has it for ${platform}, not for linux/${architecture}`,
      { hint: 'choose its architecture with --arch, or pull or build the image for this one' },
    );
  }
  const saved = await client.save(name, description, signal);
  const archive = await spoolArchive(bodyOf(saved.body, client), signal);
  return openArchivedImage(archive, { description, reference: undefined, architecture });
}

async function* bodyOf(body: AsyncIterable<Uint8Array>, client: DaemonClient): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw client.networkError(error);
  }
}
