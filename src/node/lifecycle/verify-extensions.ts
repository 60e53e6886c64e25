import type { ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { Verdict } from '../../trust/verdict.ts';
import type { Host } from '../host/host.ts';
import { readMachineRules } from '../machine-rules.ts';
import { findImage } from '../store/find-image.ts';
import { storePath } from '../store/layout.ts';
import { readContents } from '../store/store-contents.ts';
import { verifyForMachine } from './verify-stored.ts';

/** Which images are verified. */
export interface VerifyExtensionsRequest {
  readonly kind: ExtensionKind;
  /** What the person calls one of them, in UTF-8; undefined for all. */
  readonly name: ByteString | undefined;
  /** Leaves out data that nothing else of the verification reads. */
  readonly quick: boolean;
  /** Told the size of each image before it is verified, and then how many more bytes were hashed. */
  readonly onStart?: (size: number) => void;
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/** What came of verifying an image. */
export interface VerifiedExtension {
  readonly fileName: ByteString;
  readonly verdict: Verdict;
  /** Why a trusted signature was demanded, or why not. */
  readonly trust: string;
}

/**
 * Verifies images in the store, one after the other, with the trust, the image policy and the release of this machine.
 *
 * @throws NodeError: 'not-found', 'ambiguous', 'io', 'configuration'.
 */
export async function* verifyExtensions(
  host: Host,
  { kind, name, quick, onStart, onBytes, signal }: VerifyExtensionsRequest,
): AsyncGenerator<VerifiedExtension> {
  using directory = host.openDirectory(storePath(kind));
  const images = directory === undefined ? [] : readContents(directory, kind).images;
  const fileNames = images.map(({ fileName }) => fileName);
  const chosen = name === undefined ? fileNames : [findImage(fileNames, name, kind)];
  if (directory === undefined || chosen.length === 0) return;
  const { trust, policy, releaseHost } = await readMachineRules(host, kind);
  for (const fileName of chosen) {
    using reader = directory.openFile(fileName);
    // It was removed meanwhile.
    if (reader === undefined) continue;
    onStart?.(reader.status.size);
    let before = 0;
    const verdict = await verifyForMachine(reader.content, {
      fileName,
      kind,
      trust,
      policy,
      releaseHost,
      quick,
      now: host.now(),
      onProgress: (done) => {
        onBytes?.(done - before);
        before = done;
      },
      signal,
    });
    yield { fileName, verdict, trust: trust.reason };
  }
}
