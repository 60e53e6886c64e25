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
import { mergedHierarchies } from '../refresh-settings.ts';
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
import { isStoreLink } from './run-links.ts';
import { shadowing } from './shadowing.ts';
import { RefusedImageError, verifyForMachine } from './verify-stored.ts';

/** What there may be to say before an extension is enabled. */
export type EnableCode = SetCode | ConflictCode | 'kernel-too-old';

/** What is to be enabled, and on which machine. */
export interface EnableCheck {
  readonly kind: ExtensionKind;
  readonly fileName: ByteString;
  readonly profile: Profile;
  /** Whether it is merged at once, together with what is live. */
  readonly now: boolean;
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
    ({ state, target }) => state !== 'dangling' && state !== 'shadowed' && !isStoreLink(target, kind),
  );
  const self: SetMember = { name: live.extensionName(fileName), place: fileName };
  const findings: Finding<EnableCode>[] = shadowing(self, elsewhere, kind);
  const companions = new Set<ByteString>();
  for (const { files, when } of mergedTogether(check)) {
    for (const file of files) companions.add(file);
    const members = [
      ...files.map((file) => ({ name: live.extensionName(file), place: file })),
      ...elsewhere
        .filter(({ name }) => name !== self.name)
        .map(({ name, directory: path, entry }) => ({ name, place: `${path}/${entry}` })),
    ];
    for (const finding of checkSet(self, members, mergedHierarchies(kind, rules), when)) {
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

/** Images of the store that are merged with an extension at some time. */
interface Companions {
  readonly files: readonly ByteString[];
  /** For messages, such as `in boots of the profile active`. */
  readonly when: string;
}

/** With what an extension is merged: in each boot that loads it, and now. */
function mergedTogether({ fileName, profile, now, contents, live }: EnableCheck): Companions[] {
  const sets = bootsOf(profile).map((boot) => ({
    files: contents.images
      .filter(({ profiles }) => profiles.includes(boot) || profiles.includes('common'))
      .map((image) => image.fileName),
    when: `in boots of the profile ${boot}`,
  }));
  // What was disabled and not unloaded is there, too.
  if (now) sets.push({ files: live.runLinks.map((link) => link.fileName), when: 'now' });
  return sets.map(({ files, when }) => ({ files: files.filter((file) => file !== fileName), when }));
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
