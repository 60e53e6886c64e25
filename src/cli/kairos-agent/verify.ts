import { utf8ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { kindNamed } from '../../image/extension/kind.ts';
import { nodeHost } from '../../node/host/node-host.ts';
import { verifyExtensions } from '../../node/lifecycle/verify-extensions.ts';
import type { Invocation } from '../invocation.ts';
import { Progress } from '../progress.ts';
import { verdictText } from '../verdict-text.ts';
import type { AgentFlags, AgentTarget } from './agent-target.ts';

/** The flags of verify as commander gives them. */
export interface VerifyFlags extends AgentFlags {
  readonly quick?: boolean;
}

/** Exit status where an image is refused. */
const REFUSED = 3;

/** Verifies images of the store with the trust of this machine. */
export async function verifyFromFlags(
  name: string | undefined,
  flags: VerifyFlags,
  { kind, root }: AgentTarget,
  invocation: Invocation,
): Promise<void> {
  const { terminal, environment, signal } = invocation;
  const host = nodeHost({ ...(root !== undefined && { root }), environment });
  const progress = new Progress(terminal, flags.quiet === true);
  const results: unknown[] = [];
  let count = 0;
  try {
    const verified = verifyExtensions(host, {
      kind: kindNamed(kind),
      name: name === undefined ? undefined : utf8ByteString(name),
      quick: flags.quick === true,
      signal,
      onStart: (size) => progress.start('🔎 Verifying', size),
      onBytes: (bytes) => progress.add(bytes),
    });
    for await (const { fileName, verdict, trust } of verified) {
      progress.clear();
      count += 1;
      if (!verdict.accepted) invocation.exitStatus = REFUSED;
      const file = displayName(fileName);
      if (flags.json === true) results.push({ file, trust, ...verdict });
      else if (flags.quiet !== true || !verdict.accepted) {
        terminal.stdout.write(verdictText(file, verdict, flags.quick === true));
      }
    }
  } finally {
    progress.clear();
  }
  if (flags.json === true) terminal.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else if (count === 0 && flags.quiet !== true) terminal.stderr.write(`there is no ${kind} in the store\n`);
}
