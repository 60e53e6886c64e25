import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { ByteSource } from '../../image/byte-source.ts';
import type { ReleaseHost } from '../../image/extension/check-release.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import type { ImageFinding } from '../../image/image-finding.ts';
import type { ImagePolicy } from '../../image/policy/policy.ts';
import type { Verdict } from '../../trust/verdict.ts';
import { NodeError } from '../error.ts';
import type { MachineTrust } from '../machine-trust.ts';

/** What an image is verified against on this machine. */
export interface VerifyRequest {
  readonly fileName: ByteString;
  readonly kind: ExtensionKind;
  readonly trust: MachineTrust;
  readonly policy: ImagePolicy | undefined;
  /** The machine that the extension must fit; undefined where any will do. */
  readonly releaseHost: ReleaseHost | undefined;
  /** Leaves out data that nothing else of the verification reads. */
  readonly quick: boolean;
  /** Leaves the signature alone where none is demanded. */
  readonly ignoreSignature?: boolean;
  /** Hashes with more than one thread where that pays. */
  readonly threads?: boolean;
  readonly now: Date;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Verifies an image with the trust of the machine. */
export async function verifyForMachine(source: ByteSource, request: VerifyRequest): Promise<Verdict> {
  // What verifies is large, and most commands never need it.
  const { verifyImage } = await import('../../trust/verify-image.ts');
  const { trust, releaseHost, threads = false, ...options } = request;
  return verifyImage(source, {
    ...options,
    trusted: trust.trusted,
    host: releaseHost,
    // Nodes are small, and have other things to do.
    singleThread: !threads,
  });
}

/** What can be done; where it is about the signature, also why there must be one. */
function hintOf(error: ImageFinding | undefined, { trusted, reason }: MachineTrust): string {
  const isAboutTrust = trusted !== undefined && (error?.layer === 'signature' || error?.layer === 'trust');
  const hint = error?.hint ?? 'get another image';
  return isAboutTrust ? `${hint}; a trusted signature is demanded because ${reason}` : hint;
}

/** An image is refused; the verdict says why. */
export class RefusedImageError extends NodeError {
  readonly verdict: Verdict;

  /**
   * @param verdict One that is not accepted.
   * @param trust Tells why a signature was demanded.
   */
  constructor(fileName: ByteString, verdict: Verdict, trust: MachineTrust) {
    const errors = verdict.findings.filter(({ level }) => level === 'error');
    const [first, ...others] = errors;
    const more =
      others.length === 0 ? '' : ` (and ${others.length} more: ${others.map(({ code }) => code).join(', ')})`;
    super(
      'refused',
      `${displayName(fileName)} is refused: ${first?.message ?? 'it is not accepted'}${more}`,
      {
        hint: hintOf(first, trust),
      },
    );
    this.verdict = verdict;
  }
}
