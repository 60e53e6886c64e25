import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';

/** What came with which version of systemd (NEWS of systemd). */
export const SINCE = {
  /** systemd-confext, and image policies. */
  confext: 254,
  imagePolicy: 254,
  /** `.sysext` and `.confext` are no part of an extension's name. */
  classSuffix: 255,
  /** Hierarchies that can be written to while extensions are merged. */
  mutable: 256,
} as const;

/** The version of systemd on the running machine; undefined where it cannot be told. */
export async function readSystemdVersion(host: Host): Promise<number | undefined> {
  if (!host.isRunning) return undefined;
  try {
    const { stdout } = await host.run('systemctl', ['--version'], { timeout: 10_000 });
    return systemdVersionIn(stdout);
  } catch (error) {
    if (error instanceof NodeError && error.code === 'unsupported') return undefined;
    throw error;
  }
}

/** The version in what a tool of systemd prints for `--version`, such as `systemd 257 (257.8-1)`. */
export function systemdVersionIn(text: string): number | undefined {
  const version = /^systemd (\d{1,4})\b/m.exec(text)?.[1];
  return version === undefined ? undefined : Number(version);
}
