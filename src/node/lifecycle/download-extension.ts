import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Verdict } from '../../trust/verdict.ts';
import { fetchImage, fetchTarget } from '../download/fetch-image.ts';
import type { PartialFile } from '../download/partial-file.ts';
import { NodeError } from '../error.ts';
import type { Host, HostDirectory } from '../host/host.ts';
import { containerArchitecture } from '../machine/release-host.ts';
import { type MachineRules, readMachineRules } from '../machine-rules.ts';
import { openStoreDirectory, Store } from '../store/store.ts';
import { updateIndex } from './facts-index.ts';
import { sameContent } from './same-content.ts';
import { RefusedImageError, verifyForMachine } from './verify-stored.ts';

/** What is downloaded. */
export interface DownloadRequest {
  readonly kind: ExtensionKind;
  /** `https://`, `http://`, `file://` or `oci://`. */
  readonly uri: string;
  /** The SHA-256 that the image must have, lower-case hexadecimal. */
  readonly sha256?: string;
  /** The name of the file in the store, UTF-8; the last component of the URI if absent. */
  readonly name?: ByteString;
  /** Whether an image of the same name may be replaced. */
  readonly force: boolean;
  /** Told what is done, and how many bytes of how many. */
  readonly onProgress?: (stage: 'download' | 'verify', done: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
}

/** What came of a download. */
export interface DownloadResult {
  readonly fileName: ByteString;
  readonly outcome: 'added' | 'replaced' | 'unchanged';
  /** Bytes. */
  readonly size: number;
  /** Where it came from in the end, after redirects. */
  readonly source: string;
  /** Bytes that were there of a download that was interrupted. */
  readonly resumed: number;
  /** Seconds until its bytes had come and were durable; what follows, such as verifying, apart. */
  readonly seconds: number;
  /** Undefined for an image that was in the store already. */
  readonly verdict: Verdict | undefined;
}

/**
 * Downloads an image into the store, once it is proven: its structure and content always, its signature where this machine
 * demands one. What is refused never gets a name in the store.
 *
 * @throws NodeError, RefusedImageError, SourceError, and the reason of the abort.
 */
export async function downloadExtension(host: Host, request: DownloadRequest): Promise<DownloadResult> {
  const { kind, uri, onProgress, signal } = request;
  const target = fetchTarget(uri, request.name, kind);
  const rules = await readMachineRules(host, kind);
  // What interrupted agents left must not take the space that is needed now.
  (await Store.open(host, kind))[Symbol.dispose]();
  using directory = openStoreDirectory(host, kind);
  const start = host.now().getTime();
  const fetched = await fetchImage({
    host,
    kind,
    ...target,
    directory,
    configuration: rules.configuration,
    architecture: containerArchitecture(),
    wantsDigest: request.sha256 !== undefined,
    onProgress: onProgress && ((done, total) => onProgress('download', done, total)),
    signal,
  });
  const seconds = (host.now().getTime() - start) / 1000;
  const { fileName } = fetched;
  if (fetched.partial === undefined) {
    const size = directory.status(fileName)?.size ?? 0;
    return { fileName, outcome: 'unchanged', size, source: uri, resumed: 0, seconds, verdict: undefined };
  }
  await using partial = fetched.partial;
  const { source, resumed } = fetched;
  const { size } = partial;
  await checkDigest(partial, fileName, request.sha256, signal);
  if (await isStored(directory, fileName, partial)) {
    return { fileName, outcome: 'unchanged', size, source, resumed, seconds, verdict: undefined };
  }
  checkReplaceable(directory, fileName, request.force);
  const verdict = await verify(host, fileName, partial, rules, request);
  if (!verdict.accepted) throw new RefusedImageError(fileName, verdict, rules.trust);
  signal?.throwIfAborted();
  using store = await Store.open(host, kind);
  // Looked at again, now that nobody else changes the store.
  const existing = store.directory.status(fileName);
  checkReplaceable(store.directory, fileName, request.force);
  store.add(partial.name, fileName);
  await updateIndex(store.directory, store.contents());
  const outcome = existing === undefined ? 'added' : 'replaced';
  return { fileName, outcome, size, source, resumed, seconds, verdict };
}

function verify(
  host: Host,
  fileName: ByteString,
  partial: PartialFile,
  { trust, policy }: MachineRules,
  { kind, onProgress, signal }: DownloadRequest,
): Promise<Verdict> {
  return verifyForMachine(partial.content, {
    fileName,
    kind,
    trust,
    policy,
    // An extension may be brought here for the system that comes next; whether it fits is asked when it is enabled.
    releaseHost: undefined,
    quick: false,
    now: host.now(),
    onProgress: onProgress && ((done, total) => onProgress('verify', done, total)),
    signal,
  });
}

async function checkDigest(
  partial: PartialFile,
  fileName: ByteString,
  expected: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (expected === undefined) return;
  const found = await partial.digest(signal);
  if (found === expected) return;
  throw new NodeError(
    'digest-mismatch',
    `${displayName(fileName)}: its SHA-256 is ${found}, not ${expected}: it is not the file that was asked for`,
    { hint: 'check the address and the digest; the file may have been exchanged or damaged' },
  );
}

/** Whether the store has an image of this name with the same content. */
async function isStored(
  directory: HostDirectory,
  fileName: ByteString,
  partial: PartialFile,
): Promise<boolean> {
  if (directory.status(fileName)?.kind !== 'file') return false;
  using reader = directory.openFile(fileName);
  return reader !== undefined && (await sameContent(reader.content, partial.content));
}

function checkReplaceable(directory: HostDirectory, fileName: ByteString, force: boolean): void {
  const status = directory.status(fileName);
  if (status === undefined) return;
  const shown = displayName(`${directory.path}/${fileName}`);
  if (status.kind !== 'file') {
    throw new NodeError(
      'unsafe-path',
      `${shown}: it is no regular file, so kairos-agent did not put it there`,
      {
        hint: 'find out who did, and remove it',
      },
    );
  }
  if (force) return;
  throw new NodeError('exists', `${shown}: there is another image of that name`, {
    hint: '--force replaces it; --name keeps both',
  });
}
