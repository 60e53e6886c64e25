import { displayName } from '../base/display.ts';
import type { Architecture } from '../image/architecture.ts';
import type { ByteSource } from '../image/byte-source.ts';
import { type Dissection, dissectImage } from '../image/dissection.ts';
import { checkErofsStructure } from '../image/erofs/check-structure.ts';
import { ErofsReader } from '../image/erofs/reader.ts';
import { ImageError } from '../image/error.ts';
import { checkContent } from '../image/extension/check-content.ts';
import { type CheckedRelease, checkRelease, type ReleaseRequest } from '../image/extension/check-release.ts';
import { compareVersions } from '../image/extension/version-compare.ts';
import { isArchitecture } from '../image/gpt/partition-types.ts';
import type { ImageFinding, ImageLayer } from '../image/image-finding.ts';
import { openFileSystem } from '../image/open-file-system.ts';
import { evaluatePolicy } from '../image/policy/evaluate.ts';
import type { ImagePolicy } from '../image/policy/policy.ts';
import { policySubject } from '../image/policy/subject.ts';
import { VerifiedSource } from '../image/verity/verified-source.ts';
import { verifyHashTree } from '../image/verity/verify-tree.ts';
import { decompressors } from '../platform/decompressors.ts';
import { HashThreads } from '../platform/hash-threads.ts';
import { verityHasher } from '../platform/verity-hashers.ts';
import type { TrustedKeys } from './trusted-keys.ts';
import type { Verdict } from './verdict.ts';
import { verifySignature } from './verify-signature.ts';

/** Bytes of an image from which on it is worth to start threads for it. */
const THREADS_FROM = 64 * 1024 * 1024;

/** What an image is held against. */
export interface VerifyOptions extends ReleaseRequest {
  /**
   * Whose signatures are accepted. Undefined: nobody is asked for, and an image without signature is accepted, too; a
   * signature that is there must still be right by the certificate in it.
   */
  readonly trusted?: TrustedKeys | undefined;
  readonly policy?: ImagePolicy | undefined;
  /** Leaves the PKCS#7 of the signature alone, which proves nothing where nobody is asked for. Has no effect with {@link trusted}. */
  readonly ignoreSignature?: boolean | undefined;
  /** Leaves out the data blocks that nothing else of the verification reads. */
  readonly quick?: boolean | undefined;
  /** Refuses expired certificates, which systemd and the kernel do not. */
  readonly checkExpiry?: boolean | undefined;
  /** Hashes with the calling thread alone, which takes half the memory. */
  readonly singleThread?: boolean | undefined;
  readonly now: Date;
  /** Told how many bytes of how many were hashed. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Verifies an image, from the outside in, without ever handing a byte of it to anybody: partition table, verity superblock,
 * signature, image policy, hash tree, data, and then what the file system holds. What lies under a layer at fault is not
 * looked at, since it is not what was signed.
 *
 * An image that is wrong is a verdict, not an error. Throws what the source throws, and the reason of the abort.
 */
export async function verifyImage(source: ByteSource, options: VerifyOptions): Promise<Verdict> {
  return new Verification(source, options).run();
}

class Verification {
  readonly #source: ByteSource;
  readonly #options: VerifyOptions;
  readonly #findings: ImageFinding[] = [];
  readonly #checked: ImageLayer[] = [];
  #release: CheckedRelease | undefined;

  constructor(source: ByteSource, options: VerifyOptions) {
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<Verdict> {
    // They start while the image is taken apart and the signature looked at.
    await using threads = this.#startThreads();
    const dissection = await this.#dissect();
    if (dissection === undefined) return this.#verdict(undefined, undefined);
    const signature = await this.#verifySignature(dissection);
    this.#applyPolicy(dissection);
    const data = await this.#verifyData(dissection, threads);
    if (data !== undefined) await this.#verifyFileSystem(data, dissection);
    return this.#verdict(dissection, signature);
  }

  async #dissect(): Promise<Dissection | undefined> {
    this.#checked.push('partition-table');
    return this.#attempt('image', 'image-unreadable', async () => {
      const dissection = await dissectImage(this.#source, {
        hasherFor: verityHasher,
        compareVersions,
        architecture: this.#architecture,
      });
      if (dissection.hashPartition !== undefined) this.#checked.push('verity-superblock');
      this.#findings.push(...dissection.findings);
      return dissection;
    });
  }

  async #verifySignature({ signature, rootHash, hashPartition, signaturePartition }: Dissection) {
    const { trusted, ignoreSignature = false, checkExpiry = false, now } = this.#options;
    const isDemanded = trusted !== undefined;
    if (signaturePartition === undefined) {
      const [code, what] =
        hashPartition === undefined
          ? (['unprotected', 'the image has no hash tree: nothing tells whether it was changed'] as const)
          : (['unsigned', 'the image is not signed: anybody can have made it'] as const);
      this.#add(
        code,
        'signature',
        isDemanded ? 'error' : 'warning',
        what,
        'build it with --private-key and --certificate',
      );
      return undefined;
    }
    if (signature === undefined || rootHash === undefined) return undefined;
    if (ignoreSignature && !isDemanded) return undefined;
    this.#checked.push('signature');
    if (isDemanded) this.#checked.push('trust');
    const verdict = await verifySignature({
      signature: signature.signature,
      rootHash,
      trusted,
      checkExpiry,
      now,
    });
    this.#findings.push(...verdict.findings);
    const { fingerprint } = verdict.signer ?? {};
    const stated = signature.certificateFingerprint;
    if (fingerprint !== undefined && stated !== undefined && fingerprint !== stated) {
      this.#add(
        'fingerprint-mismatch',
        'signature',
        'warning',
        `the signature partition names a certificate (SHA-256 ${stated}) that is not the signer's (${fingerprint})`,
      );
    }
    return verdict;
  }

  #applyPolicy(dissection: Dissection): void {
    const { policy } = this.#options;
    if (policy === undefined) return;
    this.#checked.push('policy');
    const { findings } = evaluatePolicy(policy, policySubject(dissection), {
      requireOneOf: ['root', 'usr'],
    });
    this.#findings.push(...findings);
  }

  #startThreads(): HashThreads | undefined {
    const { quick = false, singleThread = false } = this.#options;
    const { file, size } = this.#source;
    const isWorthIt = file !== undefined && size >= THREADS_FROM && !quick && !singleThread;
    return isWorthIt ? new HashThreads() : undefined;
  }

  /** The bytes of the file system, if they are what was signed. */
  async #verifyData(
    { tree, rootHash, hashPartition, data }: Dissection,
    threads: HashThreads | undefined,
  ): Promise<ByteSource | undefined> {
    if (hashPartition === undefined) return this.#isRefused ? undefined : data;
    if (tree === undefined || rootHash === undefined || this.#isRefused) return undefined;
    const { quick = false, onProgress, signal } = this.#options;
    this.#checked.push('hash-tree', ...(quick ? [] : (['data'] as const)));
    const findings = await verifyHashTree(tree, {
      rootHash,
      quick,
      data: threads,
      ...(onProgress !== undefined && { onProgress }),
      ...(signal !== undefined && { cancellation: signal }),
    });
    this.#findings.push(...findings);
    if (this.#isRefused) return undefined;
    // Every block was verified but for a quick verification, which looks at those that it reads.
    return quick ? new VerifiedSource(tree) : data;
  }

  async #verifyFileSystem(data: ByteSource, { dataPartition }: Dissection): Promise<void> {
    this.#checked.push('file-system');
    const fileSystem = await this.#attempt('file-system', 'file-system-damaged', async () => {
      const opened = await openFileSystem(data, dataPartition?.fileSystemType, decompressors);
      if (opened instanceof ErofsReader) {
        const content = this.#options.quick !== true;
        this.#findings.push(...(await checkErofsStructure(opened, { content })));
      }
      return opened;
    });
    if (fileSystem === undefined || this.#isRefused) return;
    this.#checked.push('extension-release');
    const release = await this.#attempt('extension-release', 'release-unreadable', () =>
      checkRelease(fileSystem, this.#options),
    );
    this.#release = release;
    this.#findings.push(...(release?.findings ?? []));
    const kind = release?.kind;
    if (kind === undefined) return;
    this.#checked.push('content');
    await this.#attempt('content', 'content-unreadable', async () => {
      this.#findings.push(...(await checkContent(fileSystem, kind)));
    });
  }

  /** The host's architecture, if there are partition types for it. */
  get #architecture(): Architecture | undefined {
    const name = this.#options.host?.architecture;
    return name !== undefined && isArchitecture(name) ? name : undefined;
  }

  get #isRefused(): boolean {
    return this.#findings.some(({ level }) => level === 'error');
  }

  #add(code: string, layer: ImageLayer, level: ImageFinding['level'], message: string, hint?: string): void {
    this.#findings.push({ code, layer, level, message, ...(hint !== undefined && { hint }), subjects: [] });
  }

  /** Does a part of the verification; an ImageError that ends it becomes a finding. */
  async #attempt<T>(layer: ImageLayer, code: string, part: () => Promise<T>): Promise<T | undefined> {
    this.#options.signal?.throwIfAborted();
    try {
      return await part();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#add(code, layer, 'error', error.message, error.hint);
      return undefined;
    }
  }

  #verdict(
    dissection: Dissection | undefined,
    signature: Awaited<ReturnType<typeof verifySignature>> | undefined,
  ): Verdict {
    const { name, kind } = this.#release ?? {};
    return {
      accepted: !this.#isRefused,
      name: name === undefined ? undefined : displayName(name),
      class: kind?.name,
      rootHash: dissection?.rootHash,
      signer: signature?.signer,
      acceptedBy: signature?.acceptedBy,
      checked: this.#checked,
      findings: this.#findings.map(withRemedy),
    };
  }
}

const DAMAGED = 'the image is damaged or was changed: get it again from where it came from';

/** What to do about an error in these layers, where the finding itself does not know better. */
const REMEDIES: Readonly<Partial<Record<ImageLayer, string>>> = {
  image: DAMAGED,
  'partition-table': DAMAGED,
  'verity-superblock': DAMAGED,
  'hash-tree': DAMAGED,
  data: DAMAGED,
  signature: 'have the image signed again by who made it',
  'file-system': 'have the image built again; the file system is not as mkfs writes it',
};

function withRemedy(finding: ImageFinding): ImageFinding {
  const remedy = REMEDIES[finding.layer];
  if (finding.level !== 'error' || finding.hint !== undefined || remedy === undefined) return finding;
  return { ...finding, hint: remedy };
}
