import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { SourceError } from '../../source/error.ts';
import { hostTlsOptions } from '../../source/http/certificates.ts';
import { HttpClient } from '../../source/http/http-client.ts';
import { isUntrusted } from '../../source/http/network-error.ts';
import type { Sleep } from '../../source/http/retry.ts';
import type { Configuration } from '../config/configuration.ts';
import { NodeError } from '../error.ts';
import type { Host, HostDirectory } from '../host/host.ts';
import { checkImageFileName } from '../store/image-file-name.ts';
import { LocalFile } from './file-image.ts';
import { downloadHttp, isWorthResuming, type OnProgress } from './http-image.ts';
import { takeDiskImage } from './oci-image.ts';
import { PartialFile } from './partial-file.ts';
import { type ImageUri, parseImageUri } from './uri.ts';

/** Bytes that an image may have if nothing else is configured. */
const SIZE_MAX = 16 * 1024 ** 3;
const CA_FILE_MAX = 4 * 1024 * 1024;

/** Which image is fetched. */
export interface FetchTarget {
  readonly uri: ImageUri;
  /** The name of the file in the store; undefined where the container image tells it. */
  readonly fileName: ByteString | undefined;
}

/**
 * What a URI and a name mean, before anything is touched.
 *
 * @param name The name of the file in the store; the URI's own if undefined.
 * @throws NodeError ('bad-uri', 'bad-name').
 */
export function fetchTarget(text: string, name: ByteString | undefined, kind: ExtensionKind): FetchTarget {
  const uri = parseImageUri(text);
  const fileName = name ?? (uri.scheme === 'oci' ? undefined : uri.fileName);
  if (fileName !== undefined) checkImageFileName(fileName, kind);
  else if (uri.scheme !== 'oci') {
    throw new NodeError('bad-uri', 'the URI names no file, but a directory', {
      hint: 'give the address of the image itself, or a name with --name',
    });
  }
  return { uri, fileName };
}

/** What is fetched, and whereto. */
export interface FetchRequest extends FetchTarget {
  readonly host: Host;
  readonly kind: ExtensionKind;
  /** The store's directory. */
  readonly directory: HostDirectory;
  readonly configuration: Configuration;
  /** The architecture of container images that is chosen, in Go's terms. */
  readonly architecture: string;
  /** Whether the partial file will be asked for its digest, which is then computed as it comes. */
  readonly wantsDigest: boolean;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
  /** Waits between tries; by the real clock when absent. */
  readonly sleep?: Sleep;
}

/** An image that was fetched: complete, durable, and without its name. */
export interface FetchedImage {
  readonly fileName: ByteString;
  /** To be disposed of, which removes it unless it has got its name by then. */
  readonly partial: PartialFile;
  /** Where it came from in the end. */
  readonly source: string;
  /** Bytes that were there of an earlier download. */
  readonly resumed: number;
}

/** The image is the store's own file: there is nothing to fetch. */
export interface OwnImage {
  readonly fileName: ByteString;
  readonly partial: undefined;
}

/**
 * Fetches an image into a partial file of the store.
 *
 * @throws NodeError, SourceError, and the reason of the abort.
 */
export async function fetchImage(request: FetchRequest): Promise<FetchedImage | OwnImage> {
  try {
    return await fetchFrom(request);
  } catch (error) {
    throw explained(error);
  }
}

function fetchFrom(request: FetchRequest): Promise<FetchedImage | OwnImage> {
  const { uri, fileName } = request;
  const open = (name: ByteString): Promise<PartialFile> => {
    checkImageFileName(name, request.kind);
    return PartialFile.open(request.directory, name, {
      limit: request.configuration.downloadLimit ?? SIZE_MAX,
      wantsDigest: request.wantsDigest,
    });
  };
  if (uri.scheme === 'oci') return fetchOci(uri.reference, request, open);
  if (fileName === undefined) throw new TypeError('only a container image tells the name itself');
  return uri.scheme === 'file'
    ? fetchFile(uri.path, fileName, request, open)
    : fetchHttp(uri, fileName, request, open);
}

type Open = (fileName: ByteString) => Promise<PartialFile>;

async function fetchHttp(
  { url }: Extract<ImageUri, { scheme: 'http' }>,
  fileName: ByteString,
  request: FetchRequest,
  open: Open,
): Promise<FetchedImage> {
  const environment = environmentOf(request);
  const authorities = authoritiesOf(request);
  const partial = await open(fileName);
  const client = new HttpClient({
    environment,
    tlsOptions: (host) => hostTlsOptions(host, environment, authorities),
    allowPlainRedirects: true,
    ...(request.sleep && { sleep: request.sleep }),
  });
  try {
    const { source, resumed } = await downloadHttp(client, url, partial, request.onProgress, request.signal);
    await partial.complete();
    return { fileName, partial, source, resumed };
  } catch (error) {
    if (request.signal?.aborted === true || isWorthResuming(error)) partial.keep();
    await partial[Symbol.asyncDispose]();
    throw error;
  } finally {
    client.close();
  }
}

async function fetchFile(
  path: ByteString,
  fileName: ByteString,
  { directory, wantsDigest, onProgress, signal }: FetchRequest,
  open: Open,
): Promise<FetchedImage | OwnImage> {
  await using file = await LocalFile.open(path);
  const own = directory.status(fileName);
  const isOwn = own?.inode === file.inode && own.device === file.device;
  // Its digest is that of a copy, as for any other file.
  if (isOwn && !wantsDigest) return { fileName, partial: undefined };
  const partial = await open(fileName);
  try {
    await file.copy(partial, onProgress, signal);
    await partial.complete();
    return { fileName, partial, source: displayName(path), resumed: 0 };
  } catch (error) {
    await partial[Symbol.asyncDispose]();
    throw error;
  }
}

async function fetchOci(reference: string, request: FetchRequest, open: Open): Promise<FetchedImage> {
  // A registry's client is large, and most downloads never need it.
  const [{ openRegistryImage }, { parseReference }] = await Promise.all([
    import('../../source/registry/open.ts'),
    import('../../source/registry/reference.ts'),
  ]);
  const { architecture, onProgress, signal } = request;
  const source = await openRegistryImage(parseReference(reference), {
    environment: environmentOf(request),
    architecture,
    authorities: authoritiesOf(request),
    ...(signal && { signal }),
    ...(request.sleep && { sleep: request.sleep }),
  });
  try {
    let fileName: ByteString = '';
    const partial = await takeDiskImage({
      source,
      name: request.fileName,
      openPartial: (taken) => {
        fileName = taken;
        return open(taken);
      },
      onProgress,
      signal,
    });
    try {
      await partial.complete();
    } catch (error) {
      await partial[Symbol.asyncDispose]();
      throw error;
    }
    return { fileName, partial, source: source.description, resumed: 0 };
  } finally {
    await source.close();
  }
}

/** The environment, in which the configuration's proxies come first. */
function environmentOf({ host, configuration: { proxy } }: FetchRequest): NodeJS.ProcessEnv {
  return {
    ...host.environment,
    ...(proxy?.http !== undefined && { http_proxy: proxy.http }),
    ...(proxy?.https !== undefined && { https_proxy: proxy.https }),
    ...(proxy?.no !== undefined && { no_proxy: proxy.no }),
  };
}

function authoritiesOf({ host, configuration: { caFile } }: FetchRequest): Buffer[] {
  if (caFile === undefined) return [];
  const bytes = host.readFile(utf8ByteString(caFile), CA_FILE_MAX);
  const authorities = bytes && Buffer.from(bytes);
  // Node takes what is no certificate without a word, and then trusts nobody.
  if (authorities?.includes('-----BEGIN CERTIFICATE-----') === true) return [authorities];
  const problem =
    authorities === undefined ? 'there is no such file' : 'there is no certificate in PEM form in it';
  throw new NodeError('configuration', `ca_file: ${escapeControls(caFile)}: ${problem}`, {
    hint: 'put the certificate of the authority there, or correct ca_file in the configuration',
  });
}

/** A server without a certificate that this machine trusts is an error with the remedy of a node. */
function explained(error: unknown): unknown {
  if (!(error instanceof SourceError) || !isUntrusted(error.cause)) return error;
  return new SourceError(error.code, error.message, {
    cause: error.cause,
    hint: 'for a private authority, name the file with its certificate as ca_file in /etc/kairos/sysext.yaml',
  });
}
