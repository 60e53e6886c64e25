import { utf8ByteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import { kindNamed } from '../../image/extension/kind.ts';
import { nodeHost } from '../../node/host/node-host.ts';
import {
  type ChangeResult,
  disableExtension,
  enableExtension,
  removeExtension,
} from '../../node/lifecycle/change-extension.ts';
import type { Step } from '../../node/lifecycle/plan.ts';
import { PROFILES, type Profile, runPath, storePath } from '../../node/store/layout.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { coloured, type Terminal } from '../terminal.ts';
import type { AgentFlags, AgentTarget } from './agent-target.ts';

/** The flags of enable, disable and remove as commander gives them. */
export interface ChangeFlags extends AgentFlags, Partial<Record<Profile, boolean>> {
  readonly now?: boolean;
  readonly dryRun?: boolean;
}

/** Runs enable, disable or remove, and tells what was done. */
export async function changeFromFlags(
  action: 'enable' | 'disable' | 'remove',
  name: string,
  flags: ChangeFlags,
  { kind, root }: AgentTarget,
  { terminal, environment, signal }: Invocation,
): Promise<void> {
  const host = nodeHost({ ...(root !== undefined && { root }), environment });
  const request = {
    kind: kindNamed(kind),
    name: utf8ByteString(name),
    now: flags.now === true,
    dryRun: flags.dryRun === true,
    signal,
  };
  const result =
    action === 'remove'
      ? await removeExtension(host, request)
      : await (action === 'enable' ? enableExtension : disableExtension)(host, {
          ...request,
          profile: profileOf(flags, action),
        });
  if (flags.json === true) terminal.stdout.write(`${JSON.stringify(changeData(result), null, 2)}\n`);
  else terminal.stdout.write(changeText(result, kind, request.dryRun, flags.quiet === true));
  warn(result, kind, terminal);
}

/** The one profile that the flags name. */
export function profileOf(flags: Partial<Record<Profile, boolean>>, action: string): Profile {
  const profile = PROFILES.find((name) => flags[name] === true);
  if (profile !== undefined) return profile;
  throw new UsageError(
    `${action} needs a boot profile`,
    `give one of ${PROFILES.map((name) => `--${name}`).join(', ')}`,
  );
}

/** A change as JSON: names as text. */
function changeData({ plan, changed, findings, remarks }: ChangeResult): unknown {
  const steps = plan.steps.map((step) =>
    'fileName' in step ? { ...step, fileName: displayName(step.fileName) } : step,
  );
  return { file: displayName(plan.fileName), changed, steps, notes: plan.notes, findings, remarks };
}

function changeText(
  { plan, changed }: ChangeResult,
  kind: 'sysext' | 'confext',
  isDryRun: boolean,
  isQuiet: boolean,
): string {
  const name = displayName(plan.fileName);
  const lines: string[] = [];
  if (isDryRun) {
    lines.push(`${name}: ${plan.steps.length === 0 ? 'nothing would be done' : 'this would be done:'}`);
    lines.push(...plan.steps.map((step) => `  - ${stepText(step, kind, 'infinitive')}`));
  } else if (changed) lines.push(...plan.steps.map((step) => `${name}: ${stepText(step, kind, 'past')}`));
  else lines.push(`${name}: nothing to do`);
  if (!isQuiet) lines.push(...plan.notes.map((note) => `${name}: ${note}`));
  return lines.map((line) => `${line}\n`).join('');
}

/** A step as a sentence. */
function stepText(step: Step, kindName: 'sysext' | 'confext', form: 'infinitive' | 'past'): string {
  const kind = kindNamed(kindName);
  const past = form === 'past';
  switch (step.action) {
    case 'link-profile':
      return `${past ? 'enabled' : 'enable it'} for ${profileText(step.profile)}`;
    case 'unlink-profile':
      return `${past ? 'disabled' : 'disable it'} for ${profileText(step.profile)}`;
    case 'link-run': {
      const what = step.profile === undefined ? 'by its own path' : `by the profile ${step.profile}`;
      return `${past ? 'linked' : 'link it'} in ${runPath(kind)} ${what}`;
    }
    case 'unlink-run':
      return `${past ? 'its link removed' : 'remove its link'} from ${runPath(kind)}`;
    case 'refresh':
      return `${past ? 'extensions refreshed' : 'refresh the extensions'} by systemd-${kindName}`;
    case 'remove-image':
      return `${past ? 'removed' : 'remove it'} from ${storePath(kind)} and from all profiles`;
  }
}

function profileText(profile: Profile): string {
  return profile === 'common' ? 'every boot' : `the ${profile} profile`;
}

/** Shows what stands in no way, but should be known. */
function warn({ findings, remarks }: ChangeResult, kind: string, terminal: Terminal): void {
  const line = (text: string): void => {
    terminal.stderr.write(
      `kairos-agent ${kind}: ${coloured(terminal, 'yellow', 'warning:')} ${escapeControls(text)}\n`,
    );
  };
  for (const { level, message, hint, subjects } of findings) {
    if (level !== 'warning') continue;
    line(message);
    for (const subject of subjects.slice(1)) terminal.stderr.write(`  ${escapeControls(subject)}\n`);
    if (hint !== undefined) {
      terminal.stderr.write(`  ${coloured(terminal, 'dim', 'hint:')} ${escapeControls(hint)}\n`);
    }
  }
  for (const remark of remarks) line(remark);
}
