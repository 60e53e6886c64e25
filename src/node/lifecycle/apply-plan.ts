import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import type { Store } from '../store/store.ts';
import type { Plan, Step } from './plan.ts';
import { RunLinks } from './run-links.ts';

/** What a plan is carried out with. */
export interface ApplyOptions {
  readonly host: Host;
  /** Locked since the plan was made. */
  readonly store: Store;
  /** The name of the extension, and of the link that shows it to systemd. */
  readonly extensionName: ByteString;
  readonly runLinkName: ByteString;
  /** Lets systemd merge, and tells what it said. */
  readonly refresh: () => Promise<readonly string[]>;
  /** The names that are merged now. */
  readonly liveNames: () => readonly ByteString[];
}

/** What came of a plan. */
export interface AppliedPlan {
  /** Whether there was anything to do. */
  readonly changed: boolean;
  /** What systemd did that was not intended: sentences without the final full stop. */
  readonly remarks: readonly string[];
}

/**
 * Carries a plan out, step by step. When one fails, those before it are taken back, so that the machine is as it was.
 *
 * @throws NodeError of the step that failed; where taking back failed as well, its message says so.
 */
export async function applyPlan(plan: Plan, options: ApplyOptions): Promise<AppliedPlan> {
  const undo: (() => void)[] = [];
  const remarks: string[] = [];
  /** What was live before systemd was called; undefined as long as it was not. */
  let before: readonly ByteString[] | undefined;
  let isRefreshed = false;
  try {
    for (const step of plan.steps) {
      if (step.action === 'refresh') {
        before = options.liveNames();
        const said = await options.refresh();
        isRefreshed = true;
        remarks.push(...compare(plan, options, before, said));
      } else {
        const prepared = prepare(step, options);
        // Before it is done: a step that fails may have been done in part.
        undo.push(prepared.undo);
        prepared.apply();
      }
    }
  } catch (error) {
    await takeBack(undo, options, error, () => isRefreshed || !isLive(before, options));
    throw error;
  }
  return { changed: plan.steps.length > 0, remarks };
}

/** What does a step, and what takes it back, whether it was done or not. Preparing fails where neither is possible. */
interface PreparedStep {
  readonly apply: () => void;
  readonly undo: () => void;
}

function prepare(step: Exclude<Step, { action: 'refresh' }>, options: ApplyOptions): PreparedStep {
  const { store, host, runLinkName } = options;
  const { fileName } = step;
  switch (step.action) {
    case 'link-profile':
      store.checkReplaceable(fileName, step.profile);
      return {
        apply: () => store.enable(fileName, step.profile),
        undo: () => void store.disable(fileName, step.profile),
      };
    case 'unlink-profile':
      store.checkReplaceable(fileName, step.profile);
      return {
        apply: () => void store.disable(fileName, step.profile),
        undo: () => store.enable(fileName, step.profile),
      };
    case 'link-run':
    case 'unlink-run': {
      const withLinks = <T>(use: (links: RunLinks) => T): T => {
        using links = RunLinks.open(host, store.kind);
        return use(links);
      };
      const before = withLinks((links) => links.target(runLinkName));
      return {
        apply: () =>
          withLinks((links) =>
            step.action === 'link-run'
              ? links.link(runLinkName, fileName, step.profile)
              : links.restore(runLinkName, undefined),
          ),
        undo: () => withLinks((links) => links.restore(runLinkName, before)),
      };
    }
    case 'remove-image':
      // Always the last step. Once the image is gone nothing brings it back, and whoever comes next clears away what is left.
      return { apply: () => store.remove(fileName), undo: () => undefined };
  }
}

/** Compares what systemd merged with what was intended; it exits with 0 for an extension that it ignored. */
function compare(
  { steps }: Plan,
  { store, extensionName, liveNames }: ApplyOptions,
  before: readonly ByteString[],
  said: readonly string[],
): string[] {
  const after = liveNames();
  const shown = displayName(extensionName);
  const isLive = after.includes(extensionName);
  const isWanted = !steps.some(({ action }) => action === 'unlink-run' || action === 'remove-image');
  if (isWanted && !isLive) {
    const reasons = said.filter((line) => line.includes(extensionName));
    const reason = reasons.length > 0 ? reasons.join('; ') : said.join('; ');
    throw new NodeError(
      'systemd',
      `systemd left ${shown} out, although it reported success${reason === '' ? '' : `: ${reason}`}`,
      { hint: `kairos-agent ${store.kind.name} verify ${shown} tells what does not fit` },
    );
  }
  const remarks: string[] = [];
  if (!isWanted && isLive) {
    remarks.push(`${shown} is still live: there is another extension of that name in another directory`);
  }
  const lost = before.filter((name) => name !== extensionName && !after.includes(name));
  const gained = after.filter((name) => name !== extensionName && !before.includes(name));
  if (lost.length > 0) remarks.push(`systemd unloaded ${lost.map(displayName).join(', ')} in the same step`);
  if (gained.length > 0)
    remarks.push(`systemd loaded ${gained.map(displayName).join(', ')} in the same step`);
  return remarks;
}

/** Whether these names are live, and no others. */
function isLive(names: readonly ByteString[] | undefined, { liveNames }: ApplyOptions): boolean {
  return names === undefined || names.toSorted().join('\n') === [...liveNames()].sort().join('\n');
}

async function takeBack(
  undo: (() => void)[],
  { store, refresh }: ApplyOptions,
  cause: unknown,
  needsRefresh: () => boolean,
): Promise<void> {
  try {
    for (const step of undo.reverse()) step();
    // A refresh that failed changed nothing; one that succeeded, or did not come to its end, must be followed by one for the former set.
    if (needsRefresh()) await refresh();
  } catch (error) {
    const { code, message } =
      cause instanceof NodeError ? cause : { code: 'io' as const, message: String(cause) };
    const because = error instanceof Error ? error.message : String(error);
    throw new NodeError(code, `${message}; and what was done before could not be taken back: ${because}`, {
      cause,
      hint: `kairos-agent ${store.kind.name} status shows what is enabled and what is live`,
    });
  }
}
