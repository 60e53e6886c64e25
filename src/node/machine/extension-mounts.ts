import { type ByteString, byteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';

/** A mount by which systemd merges extensions over a hierarchy. */
export interface ExtensionMount {
  readonly hierarchy: ByteString;
  /** Whether it can be written to, as the kernel says. */
  readonly isMutable: boolean;
}

const MOUNTS_MAX = 16 * 1024 * 1024;

/**
 * The overlays whose source is `sysext` or `confext` (src/sysext/sysext.c in systemd 257), so that what is merged is found wherever
 * the hierarchies are. Empty where the mounts cannot be read.
 */
export function readExtensionMounts(host: Host, kind: ExtensionKind): ExtensionMount[] {
  let bytes: Uint8Array | undefined;
  try {
    bytes = host.readFile('/proc/self/mountinfo', MOUNTS_MAX);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
  }
  const mounts: ExtensionMount[] = [];
  for (const line of byteString(bytes ?? new Uint8Array()).split('\n')) {
    // Fields as in proc_pid_mountinfo(5): a lone hyphen ends those of which there may be any number.
    const [place = '', type = ''] = line.split(' - ', 2);
    const [fileSystem, source, options = ''] = type.split(' ');
    const [, , , , hierarchy, mountOptions = ''] = place.split(' ');
    if (hierarchy === undefined || fileSystem !== 'overlay' || source !== kind.name) continue;
    mounts.push({
      hierarchy: unescaped(hierarchy),
      isMutable: isWritable(mountOptions) && isWritable(options),
    });
  }
  return mounts;
}

function isWritable(options: string): boolean {
  return options.split(',').includes('rw');
}

/** Blanks and backslashes are written in octal. */
function unescaped(path: ByteString): ByteString {
  return path.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
