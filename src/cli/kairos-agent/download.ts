import { utf8ByteString } from '../../base/byte-string.ts';
import { displayName, escapeControls } from '../../base/display.ts';
import { kindNamed } from '../../image/extension/kind.ts';
import { nodeHost } from '../../node/host/node-host.ts';
import { downloadExtension } from '../../node/lifecycle/download-extension.ts';
import { RefusedImageError } from '../../node/lifecycle/verify-stored.ts';
import { storePath } from '../../node/store/layout.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { Progress } from '../progress.ts';
import { formatBytes } from '../units.ts';
import { findingLines } from '../verdict-text.ts';
import type { AgentFlags, AgentTarget } from './agent-target.ts';

/** The flags of download as commander gives them. */
export interface DownloadFlags extends AgentFlags {
  readonly sha256?: string;
  readonly name?: string;
  readonly force?: boolean;
}

/** Downloads an image into the store. */
export async function downloadFromFlags(
  uri: string,
  flags: DownloadFlags,
  { kind, root }: AgentTarget,
  { terminal, environment, signal }: Invocation,
): Promise<void> {
  if (flags.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(flags.sha256)) {
    throw new UsageError(`--sha256 ${flags.sha256}: a SHA-256 has 64 hexadecimal digits`);
  }
  const host = nodeHost({ ...(root !== undefined && { root }), environment });
  const extensionKind = kindNamed(kind);
  const progress = new Progress(terminal, flags.quiet === true);
  let stage = '';
  let before = 0;
  try {
    const result = await downloadExtension(host, {
      kind: extensionKind,
      uri,
      ...(flags.sha256 !== undefined && { sha256: flags.sha256.toLowerCase() }),
      ...(flags.name !== undefined && { name: utf8ByteString(flags.name) }),
      force: flags.force === true,
      signal,
      onProgress: (what, done, total) => {
        if (what !== stage) {
          progress.start(what === 'download' ? '📥 Downloading' : '🔎 Verifying', total);
          stage = what;
          before = 0;
        }
        progress.add(done - before);
        before = done;
      },
    });
    progress.clear();
    const { fileName, outcome, size, verdict, source, resumed, seconds } = result;
    const name = displayName(fileName);
    if (flags.json === true) {
      const data = { file: name, outcome, size, source, resumed, seconds, verdict: verdict ?? null };
      terminal.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
      return;
    }
    const path = `${storePath(extensionKind)}/${name}`;
    const how = {
      added: `downloaded to ${path}`,
      replaced: `replaced ${path}; whoever uses the former image keeps it until it is unloaded`,
      unchanged: `is already in the store, with the same content; nothing was changed`,
    }[outcome];
    const amount =
      outcome === 'unchanged' ? formatBytes(size) : `${formatBytes(size)} in ${seconds.toFixed(1)} s`;
    terminal.stdout.write(`${name}: ${how} (${amount})\n`);
    if (flags.quiet === true || outcome === 'unchanged') return;
    const signer =
      verdict?.signer === undefined ? 'not signed' : `signed by ${escapeControls(verdict.signer.subject)}`;
    terminal.stdout.write(`${name}: verified, ${signer}\n`);
    terminal.stdout.write(`To enable it: kairos-agent ${kind} enable --active --now ${name}\n`);
  } catch (error) {
    progress.clear();
    if (error instanceof RefusedImageError) {
      const lines = error.verdict.findings.filter(({ level }) => level !== 'note').flatMap(findingLines);
      if (lines.length > 0) terminal.stderr.write(`${lines.join('\n')}\n`);
    }
    throw error;
  } finally {
    progress.clear();
  }
}
