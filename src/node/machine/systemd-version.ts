import type { ByteString } from '../../base/byte-string.ts';
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
  /** An image whose signature cannot be verified is taken by its root hash alone, where the policy takes that, too. */
  signatureOptional: 259,
} as const;

/** The version of systemd on a machine; undefined where it cannot be told. */
export async function readSystemdVersion(host: Host): Promise<number | undefined> {
  if (!host.isRunning) return installedSystemdVersion(host);
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

/** Where distributions have systemd's own library, and directories that may hold one by architecture. */
const LIBRARY_DIRECTORIES: readonly ByteString[] = ['/usr/lib/systemd', '/usr/lib64/systemd'];
const ARCHITECTURE_DIRECTORIES: ByteString = '/usr/lib';
/** Such as `libsystemd-shared-257.so`, `libsystemd-shared-257.5-2.fc42.so` (src/shared/meson.build of systemd). */
const LIBRARY = /^libsystemd-shared-(\d{1,4})(?=[.~-])[^/]*\.so$/;

/**
 * The version of the systemd that is installed under a root, which cannot be run: by the name of its own library. The newest
 * where there are several; undefined where there is none.
 */
export function installedSystemdVersion(host: Host): number | undefined {
  const versions: number[] = [];
  try {
    using libraries = host.openDirectory(ARCHITECTURE_DIRECTORIES);
    const byArchitecture = (libraries?.list() ?? [])
      .filter((name) => /^[a-z0-9_]+-linux-[a-z0-9]+$/.test(name))
      .map((name) => `${ARCHITECTURE_DIRECTORIES}/${name}/systemd`);
    for (const path of [...LIBRARY_DIRECTORIES, ...byArchitecture]) {
      using directory = host.openDirectory(path);
      for (const name of directory?.list() ?? []) {
        const version = LIBRARY.exec(name)?.[1];
        if (version !== undefined) versions.push(Number(version));
      }
    }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
  }
  return versions.length === 0 ? undefined : Math.max(...versions);
}
