import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { type Hazard, inodeHazard, placeHazard } from '../image/extension/hazards.ts';
import type { Entry } from '../source/entry.ts';
import { BuildError } from './error.ts';

/** Throws a BuildError `harmful` if something of this type at this path would damage the host once merged. */
export function refuseHarmfulPlace(components: readonly ByteString[], type: string): void {
  refuse(components, placeHazard(components, type));
}

/** Throws a BuildError `harmful` if an inode like this entry's would damage the host, wherever it stands. */
export function refuseHarmfulInode(components: readonly ByteString[], entry: Entry): void {
  refuse(components, inodeHazard(entry));
}

function refuse(components: readonly ByteString[], hazard: Hazard | undefined): void {
  if (hazard === undefined) return;
  throw new BuildError('harmful', `'${displayName(components.join('/'))}' ${hazard.reason}`, {
    hint: hazard.hint,
  });
}
