import type { ByteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../../image/byte-source.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Sleep } from '../../source/http/retry.ts';
import type { Host, HostDirectory } from '../host/host.ts';

/** How servers are reached, as the configuration says it. */
export interface DownloadSettings {
  /** Proxies; each one takes the place of that in the environment. */
  readonly proxy:
    | {
        readonly http: string | undefined;
        readonly https: string | undefined;
        /** Hosts that are reached without. */
        readonly no: string | undefined;
      }
    | undefined;
  /** A file with certificate authorities besides the system's, PEM. */
  readonly caFile: string | undefined;
  /** Bytes of the largest image; {@link DOWNLOAD_MAX} where it is undefined. */
  readonly downloadLimit: number | undefined;
}

/** Bytes of the largest image that is downloaded unless the configuration says otherwise: 16 GiB. */
export const DOWNLOAD_MAX = 16 * 2 ** 30;

/** An image that is to be brought. */
export interface FetchRequest {
  /** The directory of the store, which must not be locked by this process. */
  readonly directory: HostDirectory;
  readonly kind: ExtensionKind;
  /** See `parseImageUri`. */
  readonly uri: string;
  /** The SHA-256 that the image must have, 64 hexadecimal digits. */
  readonly sha256?: string | undefined;
  /** The name that the image is to have; where the URI names several images, also the one that is meant. */
  readonly name?: ByteString | undefined;
  readonly configuration: DownloadSettings;
  /** Of the machine, in Go's terms. */
  readonly architecture: string;
  /** Reads the file with authorities, and has the environment. */
  readonly host: Pick<Host, 'environment' | 'readFile'>;
  /** Told of the bytes there are, those of an earlier download included, and of how many, where that is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Waits between tries; by the real clock when absent. */
  readonly sleep?: Sleep | undefined;
}

/**
 * An image that was brought: complete and durable, but still under the name of a partial file, which nobody else can write
 * to. When it is disposed of, the partial file is removed, unless it has got another name meanwhile or was released.
 */
export interface FetchedImage extends AsyncDisposable {
  /** The name it is to have; one that `checkImageFileName` accepts. */
  readonly fileName: ByteString;
  /** The name it has now. */
  readonly partial: ByteString;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** The bytes, until it is disposed of. */
  readonly content: ByteSource;
  /** Where it came from in the end, after redirects; without credentials and query, which may be secret. */
  readonly source: string;
  /** Bytes that were there from a download that was interrupted. */
  readonly resumed: number;
  /** Removes the partial file and lets others write one of that name. */
  discard(): Promise<void>;
  /** Lets the partial file be, so that the same download goes on from there, and lets others do so. */
  release(): Promise<void>;
}
