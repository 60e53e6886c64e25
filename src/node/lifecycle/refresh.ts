import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import type { RefreshSettings } from '../refresh-settings.ts';

/** Milliseconds for systemd to merge: verifying happens as blocks are read, so this is for opening hundreds of images. */
const TIMEOUT = 120_000;
/** Lines of systemd's that are shown. */
const LINES_MAX = 20;

/**
 * Lets systemd merge the extensions that it finds, in one step: what was merged before stays until the new set is ready.
 * Returns what systemd said.
 *
 * @throws NodeError ('systemd') with what systemd said, where it failed; what was merged before is still, unless it did not end in
 * time.
 */
export async function refresh(
  host: Host,
  kind: ExtensionKind,
  { args, environment }: RefreshSettings,
): Promise<string[]> {
  const program = `systemd-${kind.name}`;
  const { status, stdout, stderr } = await host.run(program, ['refresh', ...args], {
    environment,
    timeout: TIMEOUT,
  });
  const lines = `${stderr}\n${stdout}`.split('\n').filter((line) => line.trim() !== '');
  if (status === 0) return lines;
  const said = lines.slice(-LINES_MAX).join('; ');
  const how = status === undefined ? 'did not end in time' : `failed with the status ${status}`;
  const before = status === undefined ? '' : 'what was live before still is; ';
  throw new NodeError('systemd', `${program} refresh ${how}${said === '' ? '' : `: ${said}`}`, {
    hint: `${before}journalctl -u ${program} may tell more`,
  });
}
