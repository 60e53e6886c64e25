import { utf8ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { CONFEXT, kindNamed, SYSEXT } from '../../image/extension/kind.ts';
import { nodeHost } from '../../node/host/node-host.ts';
import { type MachineStatus, readStatus } from '../../node/lifecycle/extension-status.ts';
import { iecSize } from '../iec-size.ts';
import type { Invocation } from '../invocation.ts';
import type { AgentFlags, AgentTarget } from './agent-target.ts';

/** The flags of status as commander gives them. */
export type StatusFlags = AgentFlags;

const LABEL_WIDTH = 12;

/** Shows what is enabled, what is live, and why the two differ. */
export async function statusFromFlags(
  name: string | undefined,
  flags: StatusFlags,
  { kind, root }: AgentTarget,
  { terminal, environment }: Invocation,
): Promise<void> {
  const host = nodeHost({ ...(root !== undefined && { root }), environment });
  const status = await readStatus(
    host,
    kindNamed(kind),
    name === undefined ? undefined : utf8ByteString(name),
  );
  terminal.stdout.write(
    flags.json === true ? `${JSON.stringify(status, null, 2)}\n` : statusText(status, name !== undefined),
  );
}

/** Shows the same for the extensions of every class. */
export async function statusOfAllFromFlags(
  flags: StatusFlags,
  root: string | undefined,
  { terminal, environment }: Invocation,
): Promise<void> {
  const host = nodeHost({ ...(root !== undefined && { root }), environment });
  const sysext = await readStatus(host, SYSEXT, undefined);
  const confext = await readStatus(host, CONFEXT, undefined);
  terminal.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ sysext, confext }, null, 2)}\n`
      : [sysext, confext].map((status) => `${status.class}\n${statusText(status, false)}`).join('\n'),
  );
}

function statusText(status: MachineStatus, isOfOne: boolean): string {
  const lines: string[] = [];
  if (!isOfOne) lines.push(...machineLines(status), '');
  const { extensions, elsewhere, strangers, remarks, bootStage } = status;
  if (extensions.length === 0) lines.push(`no ${status.class} is in the store`);
  for (const { name, file, version, size, signedBy, profiles, live, explanation } of extensions) {
    lines.push(
      `${live ? '●' : '○'} ${name}${version === null ? '' : ` (version ${escapeControls(version)})`}`,
    );
    lines.push(field('file', `${file}, ${iecSize(size)}`));
    lines.push(field('signed by', signedBy ?? 'nobody'));
    lines.push(field('enabled for', profiles.length === 0 ? 'nothing' : profiles.join(', ')));
    lines.push(field('state', explanation));
  }
  if (isOfOne) return `${lines.join('\n')}\n`;
  if (elsewhere.length > 0) {
    lines.push('', 'in other places:');
    for (const { path, name, state, live } of elsewhere) {
      lines.push(`  ${live ? '●' : '○'} ${path}: '${name}', ${STATES[state]}${live ? ', live' : ''}`);
    }
  }
  // What concerns an image of the store stands with that image.
  const others = (bootStage?.extensions ?? []).filter(
    ({ outcome, image }) => outcome === 'left-out' && !extensions.some(({ file }) => file === image),
  );
  if (others.length > 0 || (bootStage?.problems.length ?? 0) > 0) {
    lines.push('', 'at boot:');
    for (const { profile, file, reason } of others) {
      lines.push(`  ${profile}/${file} was left out: ${escapeControls(reason ?? '')}`);
    }
    for (const problem of bootStage?.problems ?? []) lines.push(`  ${escapeControls(problem)}`);
  }
  if (strangers.length > 0) {
    lines.push('', 'not made by kairos-agent:');
    for (const { path, explanation } of strangers) lines.push(`  ${path}: ${explanation}`);
  }
  if (remarks.length > 0) lines.push('', ...remarks.map((remark) => `note: ${remark}`));
  return `${lines.join('\n')}\n`;
}

const STATES = {
  used: 'taken by systemd',
  shadowed: 'not looked at, since an earlier directory has one of that name',
  ambiguous: 'one of two of that name in one directory: which one systemd takes is chance',
  dangling: 'a link to what is not there',
} as const;

const REQUIRED = { true: 'required', false: 'not required', null: 'unknown' } as const;

function machineLines({
  boot,
  bootStage,
  systemd,
  signatures,
  imagePolicy,
  hierarchies,
  mergeOrder,
}: MachineStatus): string[] {
  const loads = boot.profiles.length === 0 ? 'loads no profile' : `loads ${boot.profiles.join(' and ')}`;
  return [
    field('boot', `${boot.state}, ${loads} (${boot.reason})`),
    field('Trusted Boot', boot.trustedBoot ? 'yes' : 'no'),
    field('systemd', systemd === null ? 'unknown' : `${systemd}`),
    field('signatures', `${REQUIRED[`${signatures.required}`]}: ${signatures.reason}`),
    field('policy', imagePolicy ?? "systemd's own"),
    ...(bootStage?.disabledBy ? [field('turned off', `by the kernel argument ${bootStage.disabledBy}`)] : []),
    ...(hierarchies.length === 0 ? [field('merged', 'nothing')] : []),
    ...hierarchies.map(({ hierarchy, extensions, since, access }) =>
      field('merged', `${hierarchy} (${access}, since ${since}): ${extensions.join(', ')}`),
    ),
    ...(mergeOrder.length > 1 ? [field('order', `${mergeOrder.join(' < ')} (the last one wins)`)] : []),
  ];
}

function field(label: string, value: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)} ${escapeControls(value)}`;
}
