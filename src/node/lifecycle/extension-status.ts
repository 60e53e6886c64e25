import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { mergeOrder } from '../../image/extension/merge-order.ts';
import type { Host } from '../host/host.ts';
import { type BootedExtension, readBootReport } from '../machine/boot-report.ts';
import { mergedNames } from '../machine/merged.ts';
import { type FoundExtension, findExtensions } from '../machine/search-directories.ts';
import { SINCE } from '../machine/systemd-version.ts';
import { readMachineRules } from '../machine-rules.ts';
import type { MachineTrust } from '../machine-trust.ts';
import { findImage } from '../store/find-image.ts';
import { type Profile, storePath } from '../store/layout.ts';
import { readStore, type StoredImage, type Stranger } from '../store/store-contents.ts';
import { type ListedExtension, listExtensions } from './list-extensions.ts';
import { LiveState } from './live-state.ts';
import { isStoreLink } from './run-links.ts';

/** A machine and its extensions; data for people and scripts, names as text for display. */
export interface MachineStatus {
  readonly class: 'sysext' | 'confext';
  readonly boot: {
    readonly state: string;
    readonly reason: string;
    readonly profiles: readonly Profile[];
    readonly trustedBoot: boolean;
  };
  /** Null where nobody knows. */
  readonly systemd: number | null;
  /** Whether a trusted signature is demanded, and why or why not; null where a part of the configuration is not known. */
  readonly signatures: { readonly required: boolean | null; readonly reason: string };
  readonly imagePolicy: string | null;
  readonly hierarchies: readonly HierarchyStatus[];
  /** Names that are merged, the one that wins last. */
  readonly mergeOrder: readonly string[];
  readonly extensions: readonly ExtensionStatus[];
  /** What systemd finds in its search directories besides the store's links, and links to the store that lead nowhere. */
  readonly elsewhere: readonly ElsewhereStatus[];
  /** What the boot stage did; null where it did not run, or left no report that can be understood. */
  readonly bootStage: BootStageStatus | null;
  /** What is in the store and should not be. */
  readonly strangers: readonly StrangerStatus[];
  /** What else should be known: sentences without the final full stop. */
  readonly remarks: readonly string[];
}

/** What the boot stage did to extensions of a class. */
export interface BootStageStatus {
  /** The kernel argument that turned extensions off; null where none did. */
  readonly disabledBy: string | null;
  readonly extensions: readonly BootedExtension[];
  /** What else went wrong, with extensions of any class: sentences without the final full stop. */
  readonly problems: readonly string[];
}

/** What is merged over a hierarchy. */
export interface HierarchyStatus {
  readonly hierarchy: string;
  readonly extensions: readonly string[];
  /** ISO 8601; null where nothing is merged. */
  readonly since: string | null;
  readonly access: 'not merged' | 'read-only' | 'mutable';
}

/** An extension in the store, and why it is live or not. */
export interface ExtensionStatus extends ListedExtension {
  /** A sentence without the final full stop. */
  readonly explanation: string;
}

/** An extension that is not the store's. */
export interface ElsewhereStatus {
  readonly path: string;
  readonly name: string;
  readonly state: FoundExtension['state'];
  readonly live: boolean;
}

/** Something in the store that the agent did not put there. */
export interface StrangerStatus {
  readonly path: string;
  readonly problem: Stranger['problem'];
  /** A sentence without the final full stop. */
  readonly explanation: string;
}

/**
 * Tells what is enabled, what is live, and why the two differ. Needs no rights but to read.
 *
 * @param name What the person calls one extension, in UTF-8; undefined for all.
 * @throws NodeError: 'not-found', 'ambiguous', 'io', 'configuration'.
 */
export async function readStatus(
  host: Host,
  kind: ExtensionKind,
  name: ByteString | undefined,
): Promise<MachineStatus> {
  const forbidden: ByteString[] = [];
  const rules = await readMachineRules(host, kind, (path) => forbidden.push(path));
  const live = new LiveState(host, kind, rules);
  const store = readStore(host, kind);
  const listed = await listExtensions(host, kind);
  const found = findExtensions(host, kind, rules.systemdVersion);
  const names = mergedNames(live.merged);
  const bootStage = readBootStage(host, kind);
  const fileNames = store.images.map(({ fileName }) => fileName);
  const chosen = name === undefined ? fileNames : [findImage(fileNames, name, kind)];
  const isOurs = ({ target, state }: FoundExtension): boolean =>
    isStoreLink(target, kind) && state !== 'dangling';
  const isThere = (one: ByteString): boolean =>
    found.some(({ name: other, state }) => other === one && state !== 'dangling');
  const extensions = store.images.flatMap((image, index): ExtensionStatus[] => {
    const entry = listed[index];
    if (entry === undefined || !chosen.includes(image.fileName)) return [];
    return [{ ...entry, explanation: explain(image, entry, { live, found, bootStage }) }];
  });
  return {
    class: kind.name,
    boot: {
      state: rules.boot.state,
      reason: rules.boot.reason,
      profiles: live.boot.profiles,
      trustedBoot: rules.isTrustedBoot,
    },
    systemd: rules.systemdVersion ?? null,
    signatures: signaturesOf(rules.trust, forbidden),
    imagePolicy: rules.configuration.imagePolicy ?? rules.service.imagePolicy ?? null,
    hierarchies: live.merged.map(({ hierarchy, names: merged, since, isMutable }) => ({
      hierarchy: displayName(hierarchy),
      extensions: (merged ?? []).map(displayName),
      since: since === undefined ? null : new Date(since).toISOString(),
      access: merged === undefined ? 'not merged' : isMutable ? 'mutable' : 'read-only',
    })),
    mergeOrder: mergeOrder(names).order.map(displayName),
    extensions,
    elsewhere: found
      .filter((extension) => !isOurs(extension))
      .map(({ directory, entry, name: other, state }) => ({
        path: displayName(`${directory}/${entry}`),
        name: displayName(other),
        state,
        live: state === 'used' && names.includes(other),
      })),
    bootStage,
    strangers: store.strangers.map((stranger) => strangerStatus(stranger, kind)),
    remarks: [
      ...forbidden.map(
        (path) => `${displayName(path)} may not be read by this user: what it sets is not known`,
      ),
      ...(rules.policyProblem === undefined
        ? []
        : [`images are held against the policy of the service by systemd alone: ${rules.policyProblem}`]),
      ...names
        .filter((one) => !isThere(one))
        .map(
          (one) =>
            `${displayName(one)} is live, although its image is gone: until extensions are next refreshed, or until the next boot`,
        ),
      ...remarksOn(kind, rules.systemdVersion, rules.configuration.mutable),
    ],
  };
}

function signaturesOf(
  { trusted, reason }: MachineTrust,
  forbidden: readonly ByteString[],
): MachineStatus['signatures'] {
  return trusted === undefined && forbidden.length > 0
    ? { required: null, reason: 'this is no Trusted Boot, and what the configuration demands is not known' }
    : { required: trusted !== undefined, reason };
}

function readBootStage(host: Host, kind: ExtensionKind): BootStageStatus | null {
  const report = readBootReport(host);
  if (report === undefined) return null;
  const { disabledBy, extensions, problems } = report;
  return { disabledBy, extensions: extensions.filter((one) => one.class === kind.name), problems };
}

interface Circumstances {
  readonly live: LiveState;
  readonly found: readonly FoundExtension[];
  readonly bootStage: BootStageStatus | null;
}

/** Why an extension is live, or not, in words. */
function explain(
  image: StoredImage,
  { name, problem }: ListedExtension,
  { live, found, bootStage }: Circumstances,
): string {
  const { fileName, profiles } = image;
  const { boot } = live;
  const wanted = profiles.filter((profile) => profile === 'common' || boot.profiles.includes(profile));
  const link = live.runLinks.find((other) => other.fileName === fileName);
  if (problem !== null) return `it cannot be read as an image: ${problem}`;
  if (live.isLive(fileName)) {
    if (!live.isCurrent(image))
      return 'live with the content before: the image was replaced since; enable it with --now to load the new one';
    if (wanted.length > 0) return `live, as enabled for ${wanted.join(' and ')}`;
    return profiles.length === 0
      ? 'live until the next boot, although it is not enabled for any profile'
      : `live until the next boot, although this boot (${boot.state}) does not load the profile ${profiles.join(' or ')}`;
  }
  if (profiles.length === 0) return 'not enabled for any profile';
  if (wanted.length === 0)
    return `not live: this boot (${boot.state}) does not load the profile ${profiles.join(' or ')}`;
  const rival = found.find(
    (other) => displayName(other.name) === name && other.state === 'used' && other.entry !== link?.name,
  );
  if (rival !== undefined) {
    return `not live: ${displayName(`${rival.directory}/${rival.entry}`)} has the same name and wins`;
  }
  if (link === undefined) return explainUnlinked(image, bootStage);
  if (!link.resolves) return 'not live: its link in /run leads to what is not there';
  return 'not live: systemd was not refreshed since it was linked, or ignored it; verify tells whether it fits this machine';
}

/** Why an extension of this boot has no link in /run. */
function explainUnlinked({ fileName }: StoredImage, bootStage: BootStageStatus | null): string {
  if (bootStage === null) {
    return 'not live: it was enabled after the boot and not with --now, or the boot stage did not run';
  }
  if (bootStage.disabledBy !== null) {
    return `not live: extensions were turned off by the kernel argument ${bootStage.disabledBy}`;
  }
  const booted = bootStage.extensions.filter(({ image }) => image === displayName(fileName));
  const leftOut = booted.find(({ outcome }) => outcome === 'left-out');
  if (leftOut !== undefined) {
    const hint = leftOut.hint === null ? '' : `; ${leftOut.hint}`;
    return `not live: the boot stage left it out: ${leftOut.reason ?? leftOut.code}${hint}`;
  }
  return booted.length > 0
    ? 'not live now, although the boot stage linked it'
    : 'not live: it was enabled after the boot and not with --now';
}

function strangerStatus({ profile, name, problem, target }: Stranger, kind: ExtensionKind): StrangerStatus {
  const path = displayName([storePath(kind), ...(profile === undefined ? [] : [profile]), name].join('/'));
  const explanation = {
    dangling: 'a link to an image that is not in the store',
    'foreign-link': `a link that kairos-agent did not make, to ${displayName(target ?? '')}`,
    'foreign-file': 'not an image by its name, or no file',
    'no-directory': 'it should be a directory',
  }[problem];
  return { path, problem, explanation };
}

function remarksOn(kind: ExtensionKind, version: number | undefined, mutable: string | undefined): string[] {
  if (version === undefined) return [];
  const remarks: string[] = [];
  if (kind.name === 'confext' && version < SINCE.confext) {
    remarks.push(
      `systemd ${version} has no systemd-confext, which came with ${SINCE.confext}: nothing of this can be live`,
    );
  }
  if (version < SINCE.imagePolicy) {
    remarks.push(
      `systemd ${version} knows no image policies, which came with ${SINCE.imagePolicy}: it takes images without protection, too`,
    );
  }
  if (version < SINCE.mutable) {
    const what = kind.name === 'sysext' ? 'every directory that an extension has files in' : '/etc';
    remarks.push(
      `with systemd ${version}, ${what} is read-only while extensions are merged; mutable hierarchies came with ${SINCE.mutable}`,
    );
    if (mutable !== undefined && mutable !== 'no')
      remarks.push(`the configuration sets mutable: ${mutable}, which has no effect`);
  }
  return remarks;
}
