import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { Finding } from '../../base/finding.ts';
import { ImageError } from '../../image/error.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { isOlderKernel, kernelVersionText } from '../../image/kernel-requirement.ts';
import { NodeError } from '../error.ts';
import type { Host, HostDirectory } from '../host/host.ts';
import { readKernelVersion } from '../machine/kernel-version.ts';
import { findExtensions } from '../machine/search-directories.ts';
import type { MachineRules } from '../machine-rules.ts';
import type { Profile } from '../store/layout.ts';
import type { StoreContents } from '../store/store-contents.ts';
import { checkSet, type SetCode, type SetMember } from './check-set.ts';
import {
  type ComparedExtension,
  type ConflictCode,
  conflictsAmong,
  conflictsWithBase,
  mergedPaths,
} from './file-conflicts.ts';
import type { LiveState } from './live-state.ts';
import { openExtension } from './open-extension.ts';
import { isStoreLink, shadowing } from './shadowing.ts';
import { RefusedImageError, verifyForMachine } from './verify-stored.ts';

/** What there may be to say before an extension is enabled. */
export type EnableCode = SetCode | ConflictCode | 'kernel-too-old';

/** What is to be enabled, and on which machine. */
export interface EnableCheck {
  readonly kind: ExtensionKind;
  readonly fileName: ByteString;
  readonly profile: Profile;
  readonly contents: StoreContents;
  /** The store's directory. */
  readonly directory: HostDirectory;
  readonly live: LiveState;
  readonly rules: MachineRules;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks that an extension can be enabled: that systemd would accept the image on this machine, and that it goes together with
 * the extensions that are merged with it. What would do harm is an error, what should be known a warning.
 *
 * @throws RefusedImageError for the image itself.
 */
export async function checkEnable(host: Host, check: EnableCheck): Promise<Finding<EnableCode>[]> {
  const { kind, fileName, directory, live, rules, signal } = check;
  await verify(host, check);
  signal?.throwIfAborted();
  const elsewhere = findExtensions(host, kind, rules.systemdVersion).filter(
    ({ state, target }) => state === 'used' && !isStoreLink(target, kind),
  );
  const self: SetMember = { name: live.extensionName(fileName), place: fileName };
  const findings: Finding<EnableCode>[] = shadowing(self, elsewhere, kind);
  const companions = new Set<ByteString>();
  for (const boot of bootsOf(check.profile)) {
    const others = check.contents.images.filter(
      (image) =>
        image.fileName !== fileName &&
        image.profiles.some((profile) => profile === boot || profile === 'common'),
    );
    for (const other of others) companions.add(other.fileName);
    const members = [
      ...others.map((other) => ({ name: live.extensionName(other.fileName), place: other.fileName })),
      ...elsewhere
        .filter(({ name }) => name !== self.name)
        .map(({ name, directory: path, entry }) => ({ name, place: `${path}/${entry}` })),
    ];
    const hierarchies = rules.configuration.hierarchies ?? rules.service.hierarchies;
    for (const finding of checkSet(self, members, hierarchies, `in boots of the profile ${boot}`)) {
      const isKnown = findings.some(
        ({ code, subjects }) => code === finding.code && subjects.join() === finding.subjects.join(),
      );
      if (!isKnown) findings.push(finding);
    }
  }
  findings.push(...(await kernelFindings(host, check)));
  const own = await compared(directory, fileName, check);
  if (own === undefined) return findings;
  const others: ComparedExtension[] = [];
  for (const companion of companions) {
    const other = await compared(directory, companion, check);
    if (other !== undefined) others.push(other);
  }
  findings.push(...conflictsAmong(own, others));
  // While it is live, its own files are the base system's to whoever looks.
  if (!live.isLive(fileName)) {
    findings.push(...conflictsWithBase(host, own, (path) => others.some((other) => other.paths.has(path))));
  }
  return findings;
}

/** Verifies the image as far as needed to know that systemd accepts it; wholly where signatures are demanded. */
async function verify(host: Host, { kind, fileName, directory, rules, signal }: EnableCheck): Promise<void> {
  using reader = directory.openFile(fileName);
  if (reader === undefined)
    throw new NodeError('not-found', `${displayName(fileName)}: it was removed meanwhile`);
  const { trust, policy, releaseHost } = rules;
  const verdict = await verifyForMachine(reader.content, {
    fileName,
    kind,
    trust,
    policy,
    releaseHost,
    quick: trust.trusted === undefined,
    now: host.now(),
    signal,
  });
  if (!verdict.accepted) throw new RefusedImageError(fileName, verdict, trust);
}

/** Whether the running kernel can read the image. A profile may have another one, but most often has the same. */
async function kernelFindings(
  host: Host,
  { directory, fileName }: EnableCheck,
): Promise<Finding<'kernel-too-old'>[]> {
  const running = readKernelVersion(host);
  using reader = directory.openFile(fileName);
  if (running === undefined || reader === undefined) return [];
  const needed = (await openExtension(reader)).kernel;
  if (needed === undefined || !isOlderKernel(running, needed.version)) return [];
  const shown = displayName(fileName);
  return [
    {
      code: 'kernel-too-old',
      level: 'error',
      message: `${shown} ${needed.reason}, which takes Linux ${kernelVersionText(needed.version)}; this machine runs ${kernelVersionText(running)}`,
      hint: 'build the image with --compression lz4hc or none, or update the system first',
      subjects: [shown],
    },
  ];
}

/** The boots that load a profile. */
function bootsOf(profile: Profile): readonly Profile[] {
  return profile === 'common' ? ['active', 'passive', 'recovery'] : [profile];
}

/** The files of an image; undefined for one that cannot be read, which is another's fault. */
async function compared(
  directory: HostDirectory,
  fileName: ByteString,
  { kind, live }: EnableCheck,
): Promise<ComparedExtension | undefined> {
  using reader = directory.openFile(fileName);
  if (reader === undefined) return undefined;
  try {
    const fileSystem = await openExtension(reader);
    return { name: live.extensionName(fileName), paths: await mergedPaths(fileSystem, kind) };
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}
