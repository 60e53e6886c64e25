import { displayName } from '../base/display.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { NodeError } from '../node/error.ts';
import type { Host, HostDirectory } from '../node/host/host.ts';
import { indexedFacts } from '../node/lifecycle/facts-index.ts';
import { isStoreLink, RunLinks, readRunLinks } from '../node/lifecycle/run-links.ts';
import type { BootedExtension } from '../node/machine/boot-report.ts';
import { type FoundExtension, findExtensions } from '../node/machine/search-directories.ts';
import { SINCE } from '../node/machine/systemd-version.ts';
import { type Profile, runPath, storePath } from '../node/store/layout.ts';
import type { Candidate, Refusal } from './candidate.ts';
import { chooseSet, type SetPlace } from './choose-set.ts';
import { findCandidates, type RefusedEntry } from './find-candidates.ts';
import { type ImageRules, type Judgement, judgeImage } from './judge-image.ts';
import type { BootLog } from './log.ts';
import type { TimeLimit } from './time-limit.ts';

/** How the extensions of a class are loaded. */
export interface LoadRequest {
  readonly initramfs: Host;
  readonly system: Host;
  readonly kind: ExtensionKind;
  /** Those of this boot; of two extensions that exclude each other, the one in the earlier profile is loaded. */
  readonly profiles: readonly Profile[];
  /** Undefined where nobody knows. */
  readonly systemdVersion: number | undefined;
  readonly hierarchies: SetPlace['hierarchies'];
  readonly rules: Omit<ImageRules, 'claimedSigner'>;
  readonly limit: TimeLimit;
  readonly log: BootLog;
}

/**
 * Shows systemd the extensions of some profiles that are right and go together, by links in /run. Those that are not are left
 * out, each for a reason.
 *
 * @throws NodeError ('io', 'unsafe-path') where the store or /run cannot be read or written at all.
 */
export async function loadExtensions(request: LoadRequest): Promise<BootedExtension[]> {
  const { initramfs, system, kind, profiles, systemdVersion, hierarchies, log } = request;
  using store = system.openDirectory(storePath(kind));
  if (store === undefined) log.info(`there is no ${storePath(kind)}: no ${kind.name} is enabled`);
  const found =
    store === undefined
      ? { candidates: [], refused: [] }
      : findCandidates(store, kind, profiles, systemdVersion);
  const outcomes = new Map<Candidate, BootedExtension>();
  const right: Candidate[] = [];
  if (store !== undefined) {
    const tooOld = refusalOfSystemd(kind, systemdVersion);
    const judgements =
      tooOld === undefined
        ? await judgeAll(store, found.candidates, request)
        : new Map<Candidate, Judgement>();
    if (tooOld !== undefined) {
      for (const candidate of found.candidates) outcomes.set(candidate, leftOut(candidate, tooOld));
    }
    for (const candidate of found.candidates) {
      const judgement = judgements.get(candidate);
      if (judgement === undefined) continue;
      outcomes.set(candidate, outcomeOf(candidate, judgement));
      if (judgement.refusal === undefined) right.push(candidate);
    }
  }
  const elsewhere = findElsewhere(request);
  warnOfUnverified(elsewhere, request);
  const { chosen, leftOut: excluded } = chooseSet(right, { elsewhere, hierarchies });
  for (const { candidate, refusal } of excluded) {
    outcomes.set(candidate, { ...outcomes.get(candidate)!, ...refused(refusal) });
  }
  const failed = link(initramfs, kind, chosen);
  for (const [candidate, refusal] of failed) {
    outcomes.set(candidate, { ...outcomes.get(candidate)!, ...refused(refusal) });
  }
  return [
    ...found.candidates.map((candidate) => outcomes.get(candidate)!),
    ...found.refused.map((entry) => refusedEntry(entry)),
  ];
}

/** Images below this size are verified beside each other; larger ones keep all threads busy by themselves. */
const LARGE = 64 * 1024 * 1024;
/** So many that one is hashed while others wait for the disk. */
const AT_ONCE = 4;

/** Verifies images; small ones first, so that one that is too large for the time left is the only one that is left out. */
async function judgeAll(
  store: HostDirectory,
  candidates: readonly Candidate[],
  { kind, rules, limit, log }: LoadRequest,
): Promise<Map<Candidate, Judgement>> {
  const judgements = new Map<Candidate, Judgement>();
  let factsOf: ReturnType<typeof indexedFacts> | undefined;
  const complete: ImageRules = {
    ...rules,
    claimedSigner: (image, status) => {
      // Only once an image was read: this waits for the disk, for as long as it takes.
      factsOf ??= indexedFacts(store);
      return factsOf(image, status)?.signedBy;
    },
  };
  const waiting = candidates.toSorted((one, other) => one.size - other.size);
  const work = async (below: number): Promise<void> => {
    while (waiting[0] !== undefined && waiting[0].size < below) {
      const candidate = waiting.shift()!;
      const judgement = await judgeImage(store, candidate, complete, limit);
      judgements.set(candidate, judgement);
      log.debug(
        `${kind.name} ${displayName(candidate.entry)}: verified (${judgement.verified}) in ${judgement.milliseconds} ms`,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(LARGE)));
  await work(Number.POSITIVE_INFINITY);
  return judgements;
}

function refusalOfSystemd(kind: ExtensionKind, version: number | undefined): Refusal | undefined {
  if (kind.name !== 'confext' || version === undefined || version >= SINCE.confext) return undefined;
  return {
    code: 'unsupported',
    reason: `systemd ${version} has no systemd-confext, which came with ${SINCE.confext}`,
    hint: undefined,
  };
}

/** What systemd will find that is not ours: in the system's directories, and in /run, which is the initramfs' yet. */
function findElsewhere({ initramfs, system, kind, systemdVersion, log }: LoadRequest): FoundExtension[] {
  const run = runPath(kind);
  const look = (host: Host): FoundExtension[] => {
    try {
      return findExtensions(host, kind, systemdVersion);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      log.warning(error.message);
      return [];
    }
  };
  const ours = ({ target }: FoundExtension): boolean => isStoreLink(target, kind);
  const inSystem = look(system).filter(({ directory, state }) => directory !== run && state !== 'dangling');
  // Links may lead to what only the booted system has.
  const inRun = look(initramfs).filter((extension) => extension.directory === run && !ours(extension));
  return [...inRun.map((extension) => ({ ...extension, state: 'used' as const })), ...inSystem];
}

/** Says what systemd may load although signatures are required: it demands them of images only, and only from 254 on. */
function warnOfUnverified(
  elsewhere: readonly FoundExtension[],
  { kind, systemdVersion, rules, log }: LoadRequest,
): void {
  if (rules.trust.trusted === undefined) return;
  const isOld = systemdVersion !== undefined && systemdVersion < SINCE.imagePolicy;
  for (const { directory, entry, kind: what, target, state } of elsewhere) {
    if (state === 'shadowed') continue;
    const path = displayName(`${directory}/${entry}`);
    const leads = target === undefined ? '' : `, a link to ${displayName(target)},`;
    if (isOld || what === 'directory') {
      const why =
        what === 'directory' ? 'it is a directory' : `systemd ${systemdVersion} demands no signatures`;
      log.announce(
        `${kind.name} ${path}${leads} is loaded by systemd without a signature: ${why}; remove it`,
      );
    } else log.warning(`${kind.name} ${path}${leads} is not in the store, and is left to systemd to verify`);
  }
}

/** Links what was chosen, and takes away links to the store that are there from before. Returns what could not be linked. */
function link(initramfs: Host, kind: ExtensionKind, chosen: readonly Candidate[]): Map<Candidate, Refusal> {
  const failed = new Map<Candidate, Refusal>();
  const stale = readRunLinks(initramfs, kind).filter(
    ({ name }) => !chosen.some((candidate) => candidate.link === name),
  );
  if (chosen.length === 0 && stale.length === 0) return failed;
  using links = RunLinks.open(initramfs, kind);
  for (const { name } of stale) links.restore(name, undefined);
  for (const candidate of chosen) {
    try {
      links.link(candidate.link, candidate.entry, candidate.profile);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      failed.set(candidate, { code: 'not-linked', reason: error.message, hint: error.hint });
    }
  }
  return failed;
}

function outcomeOf(candidate: Candidate, judgement: Judgement): BootedExtension {
  const { verified, refusal, remark, signedBy, rootHash, milliseconds } = judgement;
  const link = `${runPath(candidate.kind)}/${candidate.link}`;
  return {
    ...described(candidate),
    outcome: 'linked',
    link: displayName(link),
    verified,
    code: remark?.code ?? null,
    reason: remark?.reason ?? null,
    hint: remark?.hint ?? null,
    signedBy: signedBy ?? null,
    rootHash: rootHash ?? null,
    milliseconds,
    ...(refusal !== undefined && refused(refusal)),
  };
}

function leftOut(candidate: Candidate, refusal: Refusal): BootedExtension {
  const nothing = { verified: 'no', signedBy: null, rootHash: null, milliseconds: 0 } as const;
  return { ...described(candidate), ...nothing, ...refused(refusal) };
}

function refusedEntry({ kind, profile, entry, refusal }: RefusedEntry): BootedExtension {
  const shown = displayName(entry);
  return {
    class: kind.name,
    name: shown,
    file: shown,
    image: shown,
    profile,
    verified: 'no',
    signedBy: null,
    rootHash: null,
    milliseconds: 0,
    ...refused(refusal),
  };
}

function described({ kind, name, entry, image, profile }: Candidate) {
  return {
    class: kind.name,
    name: displayName(name),
    file: displayName(entry),
    image: displayName(image),
    profile,
  };
}

function refused({ code, reason, hint }: Refusal) {
  return { outcome: 'left-out' as const, link: null, code, reason, hint: hint ?? null };
}
