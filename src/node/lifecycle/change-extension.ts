import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import type { Finding } from '../../base/finding.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host, HostDirectory } from '../host/host.ts';
import { type MachineRules, readMachineRules } from '../machine-rules.ts';
import { findImage } from '../store/find-image.ts';
import { FILE_NAME_MAX, type Profile } from '../store/layout.ts';
import { Store } from '../store/store.ts';
import type { StoreContents } from '../store/store-contents.ts';
import { applyPlan } from './apply-plan.ts';
import { checkEnable, type EnableCode } from './check-enable.ts';
import { updateIndex } from './facts-index.ts';
import { checkSystemd, LiveState } from './live-state.ts';
import { type Plan, type PlannedImage, planDisable, planEnable, planRemove } from './plan.ts';
import { refresh } from './refresh.ts';

/** A change of one extension that is asked for. */
export interface ChangeRequest {
  readonly kind: ExtensionKind;
  /** What the person calls it, in UTF-8: see `findImage`. */
  readonly name: ByteString;
  /** Whether the running system is changed, too. */
  readonly now: boolean;
  /** Whether nothing is to be changed, but only the plan made. */
  readonly dryRun: boolean;
  /** Ends it as long as nothing was changed; from then on it is brought to its end. */
  readonly signal?: AbortSignal;
}

/** As {@link ChangeRequest}, for one profile. */
export interface ProfileChangeRequest extends ChangeRequest {
  readonly profile: Profile;
}

/** What was done, or what would be. */
export interface ChangeResult {
  readonly plan: Plan;
  /** Whether anything is different now. */
  readonly changed: boolean;
  /** What is to be known of the set that the extension joins. */
  readonly findings: readonly Finding<EnableCode>[];
  /** What systemd did that was not intended: sentences without the final full stop. */
  readonly remarks: readonly string[];
}

/**
 * Enables an extension for a boot profile and, with `now`, makes it live. All or nothing: where a step fails, those before it are
 * taken back.
 *
 * @throws NodeError: 'not-found', 'ambiguous'; 'conflict' or 'refused' where it would harm the machine; 'systemd', 'io', 'busy'. And
 * the reason of the signal.
 */
export function enableExtension(host: Host, request: ProfileChangeRequest): Promise<ChangeResult> {
  return change(host, request, {
    plan: (image, live) => planEnable(image, live.boot, request.profile, request.now),
    check: ({ plan, ...situation }) => {
      const now = plan.steps.some(({ action }) => action === 'link-run');
      return checkEnable(host, { ...request, ...situation, now });
    },
  });
}

/** Disables an extension for a boot profile and, with `now`, unloads it. As {@link enableExtension}. */
export function disableExtension(host: Host, request: ProfileChangeRequest): Promise<ChangeResult> {
  return change(host, request, {
    plan: (image, live) => planDisable(image, live.boot, request.profile, request.now),
  });
}

/** Removes an extension from the store and all profiles and, with `now`, unloads it. As {@link enableExtension}. */
export function removeExtension(host: Host, request: ChangeRequest): Promise<ChangeResult> {
  return change(host, request, { plan: (image) => planRemove(image, request.now) });
}

/** What a check of a change is told. */
interface Situation {
  readonly plan: Plan;
  readonly fileName: ByteString;
  readonly contents: StoreContents;
  readonly directory: HostDirectory;
  readonly live: LiveState;
  readonly rules: MachineRules;
}

interface Change {
  readonly plan: (image: PlannedImage, live: LiveState) => Plan;
  readonly check?: (situation: Situation) => Promise<readonly Finding<EnableCode>[]>;
}

async function change(
  host: Host,
  { kind, name, now, dryRun, signal }: ChangeRequest,
  { plan: makePlan, check }: Change,
): Promise<ChangeResult> {
  if (now && !host.isRunning) {
    throw new NodeError('bad-name', '--now is for the running system, --root for another one', {
      hint: 'leave one of them out',
    });
  }
  using store = await Store.open(host, kind);
  const contents = store.contents();
  const fileName = findImage(
    contents.images.map((image) => image.fileName),
    name,
    kind,
  );
  checkChangeable(fileName);
  const rules = await readMachineRules(host, kind);
  const live = new LiveState(host, kind, rules);
  const plan = makePlan(plannedImage(contents, fileName, live), live);
  if (plan.steps.some(({ action }) => action === 'refresh')) checkSystemd(kind, rules);
  const findings =
    (await check?.({ plan, fileName, contents, directory: store.directory, live, rules })) ?? [];
  const errors = findings.filter(({ level }) => level === 'error');
  const [first] = errors;
  if (first !== undefined) {
    const more = errors.slice(1).map(({ message }) => `; ${message}`);
    throw new NodeError('conflict', `${first.message}${more.join('')}`, {
      hint: first.hint ?? 'nothing was changed',
    });
  }
  signal?.throwIfAborted();
  if (dryRun) return { plan, changed: false, findings, remarks: [] };
  const applied = await applyPlan(plan, {
    host,
    store,
    extensionName: live.extensionName(fileName),
    runLinkName: live.runLinkName(fileName),
    refresh: () => refresh(host, kind, live.refreshSettings),
    liveNames: () => live.readNames(),
  });
  await updateIndex(store.directory, store.contents());
  return { plan, findings, ...applied };
}

/** An image that somebody else put into the store may have a name that leaves no room for those that are made of it. */
function checkChangeable(fileName: ByteString): void {
  if (fileName.length <= FILE_NAME_MAX) return;
  throw new NodeError(
    'unsafe-path',
    `${displayName(fileName)}: its name has more than ${FILE_NAME_MAX} bytes, so kairos-agent did not put it there and cannot change it`,
    { hint: 'rename it, or remove it, by hand' },
  );
}

function plannedImage(contents: StoreContents, fileName: ByteString, live: LiveState): PlannedImage {
  const image = contents.images.find((other) => other.fileName === fileName)!;
  return {
    fileName,
    profiles: image.profiles,
    runLink: live.runLinks.find((link) => link.fileName === fileName),
    isLive: live.isLive(fileName),
    isCurrent: live.isCurrent(image),
  };
}
