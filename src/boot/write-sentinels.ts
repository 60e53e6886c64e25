import type { Host } from '../node/host/host.ts';
import type { Boot } from '../node/machine/boot-state.ts';
import { SENTINEL_CONTENT, SENTINEL_DIRECTORY, SENTINELS, sentinelsOf } from '../node/machine/sentinels.ts';

/** Says what was booted to whoever comes later. Throws a NodeError ('io', 'unsafe-path'). */
export function writeSentinels(initramfs: Host, boot: Boot): void {
  using directory = initramfs.openDirectory(SENTINEL_DIRECTORY, { create: true });
  if (directory === undefined) return;
  const names = sentinelsOf(boot);
  for (const name of SENTINELS) {
    if (!names.includes(name)) directory.unlink(name);
  }
  for (const name of names) directory.put(name, Buffer.from(SENTINEL_CONTENT));
}
