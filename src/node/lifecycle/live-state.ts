import type { ByteString } from '../../base/byte-string.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import { loadedProfiles } from '../machine/boot-state.ts';
import { type MergedHierarchy, mergedNames, readMerged } from '../machine/merged.ts';
import { runLinkName } from '../machine/run-link-name.ts';
import { SINCE } from '../machine/systemd-version.ts';
import type { MachineRules } from '../machine-rules.ts';
import { type RefreshSettings, refreshSettings } from '../refresh-settings.ts';
import type { StoredImage } from '../store/store-contents.ts';
import type { PlannedBoot } from './plan.ts';
import { type NamedRunLink, readRunLinks } from './run-links.ts';

/** What of a class is live on a machine, and how that is changed. */
export class LiveState {
  readonly boot: PlannedBoot;
  readonly runLinks: readonly NamedRunLink[];
  readonly merged: readonly MergedHierarchy[];
  readonly refreshSettings: RefreshSettings;
  readonly #host: Host;
  readonly #kind: ExtensionKind;
  readonly #rules: MachineRules;

  constructor(host: Host, kind: ExtensionKind, rules: MachineRules) {
    this.#host = host;
    this.#kind = kind;
    this.#rules = rules;
    const { state } = rules.boot;
    this.boot = { state, profiles: loadedProfiles(state) };
    this.runLinks = host.isRunning ? readRunLinks(host, kind) : [];
    this.merged = this.#read();
    this.refreshSettings = refreshSettings(kind, rules);
  }

  /** Whether an image of the store is what systemd has merged under its name. */
  isLive(fileName: ByteString): boolean {
    const isLinked = this.runLinks.some((link) => link.fileName === fileName);
    return isLinked && mergedNames(this.merged).includes(this.extensionName(fileName));
  }

  /** Whether an image was there, as it is, before systemd merged what is merged. */
  isCurrent({ status }: StoredImage): boolean {
    return this.merged.every(({ since }) => since === undefined || status.changed <= since);
  }

  /** The names that are merged now. */
  readNames(): ByteString[] {
    return mergedNames(this.#read());
  }

  /** The extension's name, which every version of systemd gives it by {@link runLinkName}. */
  extensionName(fileName: ByteString): ByteString {
    return extensionNameOf(fileName, this.#kind) ?? fileName;
  }

  /** The name of the link that shows an image to systemd. */
  runLinkName(fileName: ByteString): ByteString {
    const existing = this.runLinks.find((link) => link.fileName === fileName);
    if (existing !== undefined) return existing.name;
    return runLinkName(fileName, this.#kind, this.#rules.systemdVersion);
  }

  #read(): MergedHierarchy[] {
    return this.#host.isRunning ? readMerged(this.#host, this.#kind) : [];
  }
}

/** Refuses what this version of systemd cannot do. Throws a NodeError 'unsupported'. */
export function checkSystemd(kind: ExtensionKind, { systemdVersion }: MachineRules): void {
  if (systemdVersion === undefined) {
    throw new NodeError(
      'unsupported',
      `systemd cannot be asked for its version, so no ${kind.name} can be made live`,
      {
        hint: 'run this on a machine with systemd, or leave out --now',
      },
    );
  }
  if (kind.name === 'confext' && systemdVersion < SINCE.confext) {
    throw new NodeError(
      'unsupported',
      `systemd ${systemdVersion} has no systemd-confext, which came with ${SINCE.confext}`,
      { hint: 'without --now it is enabled for a system that has it' },
    );
  }
}
