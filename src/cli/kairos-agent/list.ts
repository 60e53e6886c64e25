import { escapeControls } from '../../base/display.ts';
import { kindNamed } from '../../image/extension/kind.ts';
import { nodeHost } from '../../node/host/node-host.ts';
import { type ListedExtension, listExtensions } from '../../node/lifecycle/list-extensions.ts';
import { PROFILES, type Profile, storePath } from '../../node/store/layout.ts';
import { iecSize } from '../iec-size.ts';
import type { Invocation } from '../invocation.ts';
import { coloured, type Terminal } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import type { AgentFlags, AgentTarget } from './agent-target.ts';

/** The flags of list as commander gives them. */
export interface ListFlags extends AgentFlags, Partial<Record<Profile, boolean>> {}

/** Lists the extensions in the store. */
export async function listFromFlags(
  flags: ListFlags,
  { kind, root }: AgentTarget,
  { terminal, environment }: Invocation,
): Promise<void> {
  const host = nodeHost({ ...(root !== undefined && { root }), environment });
  const extensionKind = kindNamed(kind);
  const profile = PROFILES.find((name) => flags[name] === true);
  const extensions = await listExtensions(host, extensionKind, profile);
  if (flags.json === true) {
    terminal.stdout.write(`${JSON.stringify(extensions, null, 2)}\n`);
    return;
  }
  if (extensions.length > 0) terminal.stdout.write(listText(extensions));
  else if (flags.quiet !== true) {
    const where = profile === undefined ? `in ${storePath(extensionKind)}` : `enabled for --${profile}`;
    terminal.stderr.write(`no ${kind} is ${where}\n`);
  }
  for (const { file, problem } of extensions) {
    if (problem !== null) warnUnreadable(terminal, kind, file, problem);
  }
}

function listText(extensions: readonly ListedExtension[]): string {
  const columns = [
    { title: 'NAME' },
    { title: 'VERSION' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'SIGNED BY' },
    { title: 'PROFILES' },
    { title: 'LIVE' },
    { title: 'FILE' },
  ];
  const rows = extensions.map(({ name, version, size, signedBy, profiles, live, file }) => [
    name,
    escapeControls(version ?? '-'),
    iecSize(size),
    escapeControls(signedBy ?? '-'),
    profiles.length === 0 ? '-' : profiles.join(','),
    live ? 'yes' : 'no',
    file,
  ]);
  return `${textTable(columns, rows)}\n`;
}

function warnUnreadable(terminal: Terminal, kind: string, file: string, problem: string): void {
  terminal.stderr.write(
    `kairos-agent ${kind}: ${coloured(terminal, 'yellow', 'warning:')} ${file} cannot be read as an image: ${escapeControls(problem)}\n`,
  );
}
