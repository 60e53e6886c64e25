import { openDaemonImage } from './docker/daemon.ts';
import { SourceError, type SourceErrorCode } from './error.ts';
import { openRegistryImage } from './registry/open.ts';
import { formatReference, type ImageReference } from './registry/reference.ts';
import type { Source } from './source.ts';

/** How an image is looked up. */
export interface LookupOptions {
  /** The architecture wanted, in Go's terms. */
  readonly architecture: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Failures of one place that leave the next to be asked. */
const GO_ON: ReadonlySet<SourceErrorCode> = new Set([
  'not-found',
  'unreachable',
  'unauthorized',
  'unsupported',
]);

/**
 * Opens an image from wherever it is: the Docker daemon, else the registry that the reference names.
 *
 * @throws SourceError that says what each of them answered; its code and hint are those of the registry.
 */
export async function openReference(reference: ImageReference, options: LookupOptions): Promise<Source> {
  let daemonError: SourceError;
  try {
    return await openDaemonImage(reference, options);
  } catch (error) {
    daemonError = passable(error);
  }
  try {
    return await openRegistryImage(reference, options);
  } catch (error) {
    const { code, message, hint } = passable(error);
    throw new SourceError(
      code,
      `${formatReference(reference)} is in neither place: in the Docker daemon: ${daemonError.message}; in the registry: ${message}`,
      { ...(hint !== undefined && { hint }), cause: new AggregateError([daemonError, error]) },
    );
  }
}

function passable(error: unknown): SourceError {
  if (error instanceof SourceError && GO_ON.has(error.code)) return error;
  throw error;
}
