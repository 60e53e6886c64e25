import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { type Finding, SUBJECTS_MAX } from '../../base/finding.ts';
import { compareVersions } from '../../image/extension/version-compare.ts';
import { OVERLAY_OPTIONS_MAX, overlayOptionsLength } from '../machine/overlay-options.ts';

/** What can be wrong with extensions that are each right. */
export type SetCode =
  /** Two image files hold extensions of the same name. */
  | 'same-name'
  /** Names compare equal, so that their order is undefined. */
  | 'undefined-order'
  /** The names are too long for the kernel, taken together. */
  | 'too-many'
  /** A directory that wins over the store's links has an extension of that name. */
  | 'shadowed';

/** An extension in a set that is merged together. */
export interface SetMember {
  /** The extension's name. */
  readonly name: ByteString;
  /** Where it is, for messages. */
  readonly place: ByteString;
}

/**
 * Checks that an extension can be merged together with others. Of the others among themselves nothing is said: they were there
 * before.
 *
 * @param when For messages: when they are merged, such as `in boots of the profile active`.
 * @param hierarchies Those that are merged, such as `/usr`.
 */
export function checkSet(
  extension: SetMember,
  others: readonly SetMember[],
  hierarchies: readonly ByteString[],
  when: string,
): Finding<SetCode>[] {
  const findings: Finding<SetCode>[] = [];
  const shown = displayName(extension.name);
  const twins = others.filter(({ name }) => name === extension.name);
  if (twins.length > 0) {
    findings.push({
      code: 'same-name',
      level: 'error',
      message: `${displayName(extension.place)} and ${places(twins)} are both called '${shown}' ${when}: systemd would take one of them`,
      hint: 'disable the other one first',
      subjects: twins.map(({ place }) => displayName(place)),
    });
  }
  const names = [...new Set([extension.name, ...others.map(({ name }) => name)])];
  const equals = names
    .filter((name) => name !== extension.name && compareVersions(name, extension.name) === 0)
    .sort();
  if (equals.length > 0) {
    findings.push({
      code: 'undefined-order',
      level: 'error',
      message: `'${shown}' and ${equals.map((name) => `'${displayName(name)}'`).join(', ')} compare equal as versions ${when}: which one wins would be chance`,
      hint: 'give one of the images a name that differs in letters or digits, not only in _ or +',
      subjects: equals.map(displayName),
    });
  }
  const longest = Math.max(...hierarchies.map((hierarchy) => overlayOptionsLength(names, hierarchy)));
  if (longest > OVERLAY_OPTIONS_MAX) {
    findings.push({
      code: 'too-many',
      level: 'error',
      message: `with ${shown} there would be ${names.length} extensions ${when}, whose names are too long together (${longest} bytes, at most ${OVERLAY_OPTIONS_MAX}): systemd would report success, and the base system's own files would be missing`,
      hint: 'disable some, or give the images shorter names',
      subjects: [],
    });
  }
  return findings;
}

function places(members: readonly SetMember[]): string {
  return members
    .slice(0, SUBJECTS_MAX)
    .map(({ place }) => displayName(place))
    .join(', ');
}
