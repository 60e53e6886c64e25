import type { ByteString } from '../base/byte-string.ts';
import { ImageError } from '../image/error.ts';
import type { ReleaseHost } from '../image/extension/check-release.ts';
import type { ImagePolicy } from '../image/policy/policy.ts';
import { NodeError } from '../node/error.ts';
import type { EntryStatus, HostDirectory, HostReader } from '../node/host/host.ts';
import { systemError } from '../node/host/system-error.ts';
import { verifyForMachine } from '../node/lifecycle/verify-stored.ts';
import type { MachineTrust } from '../node/machine-trust.ts';
import { fingerprintOf } from '../trust/signer-identity.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import type { Verdict } from '../trust/verdict.ts';
import type { Candidate, Refusal } from './candidate.ts';
import { BootError } from './error.ts';
import { readingAhead } from './read-ahead.ts';
import type { TimeLimit } from './time-limit.ts';

/** What images are held against in this boot. */
export interface ImageRules {
  readonly trust: MachineTrust;
  readonly policy: ImagePolicy | undefined;
  /** Undefined for a system without os-release. */
  readonly releaseHost: ReleaseHost | undefined;
  /** The keys by which systemd verifies signatures; undefined where it does without. */
  readonly systemdKeys: (() => Promise<TrustedKeys>) | undefined;
  /** Who claims to have signed an image, where that is known without reading it. */
  readonly claimedSigner: (image: ByteString, status: EntryStatus) => string | undefined;
  readonly now: Date;
}

/** What was found of an image. */
export interface Judgement {
  /** Every byte; all but the data that nothing else reads; or not to the end, for want of time. */
  readonly verified: 'full' | 'quick' | 'no';
  /** Why it is left out; undefined if it is right. */
  readonly refusal: Refusal | undefined;
  /** What is to be known of one that is not left out. */
  readonly remark: Refusal | undefined;
  readonly signedBy: string | undefined;
  readonly rootHash: string | undefined;
  readonly milliseconds: number;
}

/**
 * Verifies an image as far as this boot demands: wholly where signatures are required, else as far as systemd must be sure not to
 * fail over it. Where there is no time for it, it is left out in the first case, and taken as it is in the second.
 */
export async function judgeImage(
  store: HostDirectory,
  candidate: Candidate,
  rules: ImageRules,
  limit: TimeLimit,
): Promise<Judgement> {
  const start = performance.now();
  const isRequired = rules.trust.trusted !== undefined;
  const judgement = (
    verified: Judgement['verified'],
    refusal: Refusal | undefined,
    { verdict, remark, claimed }: { verdict?: Verdict; remark?: Refusal; claimed?: string | undefined } = {},
  ): Judgement => ({
    verified,
    refusal,
    remark,
    signedBy: verdict?.signer?.subject ?? claimed,
    rootHash: verdict?.rootHash,
    milliseconds: Math.round(performance.now() - start),
  });
  let reader: HostReader | undefined;
  try {
    limit.check();
    reader = openImage(store, candidate);
    if (reader === undefined) {
      return judgement('no', { code: 'dangling', reason: 'it is not there any more', hint: undefined });
    }
    const verdict = await limit.within(verify(reader, candidate, rules, { limit, quick: !isRequired }));
    const refusal = refusalIn(verdict) ?? (await systemdRefusal(reader, candidate, verdict, rules, limit));
    const claimed =
      isRequired || verdict.signer !== undefined
        ? undefined
        : rules.claimedSigner(candidate.image, reader.status);
    return judgement(isRequired ? 'full' : 'quick', refusal, { verdict, claimed });
  } catch (error) {
    const { code, message: reason, hint } = asRefusal(candidate.entry, error);
    if (code !== 'time-limit') return judgement('no', { code, reason, hint });
    // Still being read: what is closed now could be another file by the time of the next read.
    reader = undefined;
    const remark = { code: 'not-verified', reason: `it was not verified: ${reason}`, hint };
    return isRequired ? judgement('no', remark) : judgement('no', undefined, { remark });
  } finally {
    reader?.[Symbol.dispose]();
  }
}

interface VerifyWith {
  readonly limit: TimeLimit;
  readonly quick: boolean;
}

function verify(
  reader: HostReader,
  { kind, entry }: Candidate,
  { trust, policy, releaseHost, systemdKeys, now }: ImageRules,
  { limit, quick }: VerifyWith,
): Promise<Verdict> {
  return verifyForMachine(limit.limited(readingAhead(reader.content)), {
    // The name that systemd will see.
    fileName: entry,
    kind,
    trust,
    policy,
    releaseHost,
    quick,
    // What reads it takes as long as all the rest.
    ignoreSignature: systemdKeys === undefined,
    // The boot waits for nothing else.
    threads: true,
    now,
    signal: limit.signal,
  });
}

function openImage(store: HostDirectory, { profile, image, isInProfile }: Candidate): HostReader | undefined {
  if (!isInProfile) return store.openFile(image);
  using directory = store.openDirectory(profile);
  return directory?.openFile(image);
}

function refusalIn({ accepted, findings }: Verdict): Refusal | undefined {
  if (accepted) return undefined;
  const errors = findings.filter(({ level }) => level === 'error');
  const [first] = errors;
  const others = errors.slice(1).map(({ code }) => code);
  return {
    code: first?.code ?? 'refused',
    reason: `${first?.message ?? 'it is not accepted'}${others.length === 0 ? '' : ` (and: ${others.slice(0, 5).join(', ')})`}`,
    hint: first?.hint,
  };
}

/** Why systemd would fail over the signature of an image that is right. */
async function systemdRefusal(
  reader: HostReader,
  candidate: Candidate,
  { signer }: Verdict,
  rules: ImageRules,
  limit: TimeLimit,
): Promise<Refusal | undefined> {
  if (signer === undefined || rules.systemdKeys === undefined) return undefined;
  const keys = await rules.systemdKeys();
  // What is in verity.d itself is enough for systemd, whatever the kernel makes of it.
  const isKnown = keys.certificates.some(
    ({ certificate, isAnchor }) => !isAnchor && fingerprintOf(certificate.x509) === signer.fingerprint,
  );
  if (isKnown) return undefined;
  const trust = { trusted: keys, reason: 'systemd verifies signatures itself' };
  const verdict = await limit.within(verify(reader, candidate, { ...rules, trust }, { limit, quick: true }));
  if (verdict.accepted) return undefined;
  const because = verdict.findings.find(({ level }) => level === 'error');
  return {
    code: 'systemd-cannot-verify',
    reason: `systemd would fail over its signature, and load no extension at all: ${because?.message ?? 'it is not accepted'}`,
    hint: "put the signer's certificate into /etc/verity.d",
  };
}

/** What went wrong with an image, so that the others and the boot go on. */
function asRefusal(
  entry: ByteString,
  error: unknown,
): { code: string; message: string; hint: string | undefined } {
  // Errors of reading have no path of their own.
  const known = systemError('read', entry, error);
  if (known instanceof BootError || known instanceof NodeError) return known;
  // A file that changes while it is read.
  if (known instanceof ImageError) return { code: 'unreadable', message: known.message, hint: known.hint };
  const message = known instanceof Error ? known.message : String(known);
  return {
    code: 'internal',
    message: `unexpected: ${message}`,
    hint: 'this is a fault of immucore: report it',
  };
}
